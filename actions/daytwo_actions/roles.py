"""Roles, what each may do, and what a token needs for it. The table of everything that is not about one object.

A role opens doors; it starts no run and decides on none. Which run, and on what, is said by the action (`allow`,
`approval.from`) and answered by `policy`. A role that somebody has stands among what they belong to as `role:<name>`,
so it can be named wherever a group can.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    VIEWER = "viewer"
    REQUESTER = "requester"
    OPERATOR = "operator"
    AUTHOR = "author"
    CATALOG_ADMIN = "catalog_admin"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a route may need."""

    SELF = "self"  # to see who one is, one's own sessions and tokens: whoever is known here
    READ = "read"  # catalog, actions, runs, approvals, locks, freezes: as far as each may be seen
    RUN = "run"
    DECIDE = "decide"  # where one is asked
    RUNS_CONTROL = "runs.control"  # stop, resolve and answer for runs of others
    LOCKS_HOLD = "locks.hold"
    LOCKS_FORCE = "locks.force"
    FREEZES_MANAGE = "freezes.manage"
    STOP_GLOBAL = "stop.global"
    WEBHOOKS_READ = "webhooks.read"
    PIPELINES_READ = "pipelines.read"  # with the connection's credential, which sees more than who asks here
    ACTIONS_CHECK = "actions.check"
    POLICY_REPLAY = "policy.replay"  # runs that may be seen, by other rules
    AUDIT_READ = "audit.read"
    BREAK_GLASS_REVIEW = "break_glass.review"
    SECRETS_READ = "secrets.read"  # names, versions, uses; never a value
    SECRETS_MANAGE = "secrets.manage"
    NOTIFICATIONS_MANAGE = "notifications.manage"
    ACCESS_MANAGE = "access.manage"  # sessions and tokens of others


class Scope(StrEnum):
    """What a session or token may do at most. A session has them all; a token those that its owner gave it."""

    READ = "read"
    RUN = "run"
    APPROVE = "approve"
    ADMIN = "admin"


_P = Permission
_SEE: Final = frozenset({_P.READ, _P.DECIDE})  # to be asked by name is the grant, so a viewer decides where asked
_ASK: Final = _SEE | {_P.RUN}

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.VIEWER: _SEE,
        Role.REQUESTER: _ASK,
        Role.OPERATOR: _ASK
        | {
            _P.RUNS_CONTROL,
            _P.LOCKS_HOLD,
            _P.LOCKS_FORCE,
            _P.FREEZES_MANAGE,
            _P.STOP_GLOBAL,
            _P.WEBHOOKS_READ,
        },
        Role.AUTHOR: _ASK | {_P.PIPELINES_READ, _P.ACTIONS_CHECK, _P.POLICY_REPLAY},
        Role.CATALOG_ADMIN: _ASK,  # for actions to name: the catalog is written by files and runs alone
        Role.AUDITOR: _SEE | {_P.AUDIT_READ, _P.BREAK_GLASS_REVIEW, _P.SECRETS_READ, _P.POLICY_REPLAY},
        Role.ADMIN: frozenset(Permission),
    }
)

_SCOPES: Final[Mapping[Permission, Scope]] = MappingProxyType(
    {
        _P.SELF: Scope.READ,
        _P.READ: Scope.READ,
        _P.RUN: Scope.RUN,
        _P.RUNS_CONTROL: Scope.RUN,
        _P.DECIDE: Scope.APPROVE,
    }
)

_PREFIX: Final = "role:"
EVERYONE: Final = "everyone"


def scope_of(permission: Permission) -> Scope:
    """What a token has to have for it: `admin` for everything that is not reading, running or deciding."""
    return _SCOPES.get(permission, Scope.ADMIN)


def ref_of(role: Role) -> str:
    """As it stands among what somebody belongs to."""
    return f"{_PREFIX}{role}"


def roles_in(belongs: Collection[str]) -> frozenset[Role]:
    """The roles among what somebody belongs to."""
    return frozenset(role for role in Role if ref_of(role) in belongs)


def granted(belongs: Collection[str]) -> frozenset[Permission]:
    """What somebody may do by their roles; nothing without one."""
    return frozenset(permission for role in roles_in(belongs) for permission in PERMISSIONS[role])


def roles_with(permission: Permission) -> list[Role]:
    """The roles that have it, the narrowest first."""
    return sorted((role for role in Role if permission in PERMISSIONS[role]), key=lambda role: len(PERMISSIONS[role]))


def without_roles(belongs: Collection[str]) -> frozenset[str]:
    """Groups and the own ref: what tells people who they are."""
    return frozenset(name for name in belongs if not name.startswith(_PREFIX))
