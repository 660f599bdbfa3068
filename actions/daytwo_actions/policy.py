"""May P do X to Y, and if not, why not. Pure functions; default is no.

One answer serves the page, the CLI, the API and the check before sending, so that no second route can be laxer.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from daytwo_actions.expressions import has_expression
from daytwo_actions.roles import EVERYONE, Permission, granted, roles_with, without_roles
from daytwo_store.ids import EntityRef, PrincipalId


@dataclass(frozen=True, slots=True)
class Answer:
    allowed: bool
    why_not: str | None = None


YES = Answer(True)


def may_see(see: Sequence[str] | None, *, belongs: Collection[str], owner: str | None, on_entity: bool) -> bool:
    """`allow.see`: everybody when it is left out. Where the owner decides and no entity is named, it is shown."""
    if see is None or (not on_entity and "owner" in see):
        return True
    wanted = {owner if entry == "owner" else entry for entry in see}
    return EVERYONE in wanted or not wanted.isdisjoint(belongs)


def may_run(
    allow: Sequence[str], *, belongs: Collection[str], owner: str | None, entity: EntityRef | None, action: str
) -> Answer:
    """Entries of `allow`: `owner` (the owning group of the entity), `everyone`, group, person and role refs; one is
    enough.

    `belongs` holds the groups of whoever asks, their own ref, and their roles.
    """
    if Permission.RUN not in granted(belongs):
        return Answer(False, f"You have no role that may ask for runs. {lacking(Permission.RUN)}")
    wanted = {name for entry in allow if (name := owner if entry == "owner" else entry) is not None}
    if EVERYONE in wanted or wanted & set(belongs):
        return YES
    on = f" on {entity}" if entity else ""
    if not wanted:
        return Answer(
            False,
            f"Nobody may run {action}{on} as it is asked for: no entry of its `allow.run` fits. Ask whoever "
            "looks after the action.",
        )
    return Answer(
        False,
        f"{action}{on} may be run by members of {_either(wanted)}; you are "
        f"{_either(without_roles(belongs)) or 'in no group'}. "
        f"Ask one of them to run it, or to take you in.",
    )


def runners(allow: Sequence[str], *, owner: str | None, kind: str | None) -> str:
    """Who may run an action, in words: 'the owner of the service or group:sre'.

    `allow` as it is written, with expressions; `owner` is that of the entity it is asked about, null without one.
    """
    names = [_runner(entry, owner=owner, kind=kind) for entry in allow]
    if EVERYONE in names:
        return EVERYONE
    return _either(list(dict.fromkeys(names)), sort=False) or "nobody"


def _runner(entry: str, *, owner: str | None, kind: str | None) -> str:
    if entry == "owner":
        return owner or f"the owner of the {kind or 'entity'}"
    return f"whoever fits {entry}" if has_expression(entry) else entry


def entitling(needed_from: Sequence[str], belongs: Collection[str]) -> str | None:
    """The group (or the person's own ref) by which somebody may decide."""
    return next((name for name in needed_from if name in belongs), None)


def may_stop(
    *, principal: PrincipalId, requester: PrincipalId, allow: Sequence[str], belongs: Collection[str], owner: str | None
) -> Answer:
    """A run is stopped or resolved by who asked for it, by whoever may run the action there, and by operators."""
    if principal == requester or Permission.RUNS_CONTROL in granted(belongs):
        return YES
    if may_run(allow, belongs=belongs, owner=owner, entity=None, action="it").allowed:
        return YES
    return Answer(False, "Only who asked for the run, those who may run this action here, and operators can do this.")


def may_by_token(actions: Collection[str] | None, action: str) -> Answer:
    """A token for named actions is good for these alone; None: it is not restricted, or there is no token."""
    if actions is None or action in actions:
        return YES
    named = ", ".join(f"run:{name}" for name in sorted(actions))
    return Answer(
        False,
        f"This token is for {named} alone, and not for {action}. Make one with the scope run:{action}, or run.",
    )


def lacking(permission: Permission) -> str:
    """What is missing, and who can help."""
    return (
        f"It takes the role {_either(roles_with(permission), sort=False)}; whoever looks after the company's policy "
        "gives roles."
    )


def _either(names: Collection[str], *, sort: bool = True) -> str:
    ordered = sorted(names) if sort else list(names)
    return ", ".join(ordered[:-1]) + (" or " if len(ordered) > 1 else "") + ordered[-1] if ordered else ""
