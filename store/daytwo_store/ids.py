"""Ids are types: ours and a vendor's can never be swapped.

Ours are minted once, opaque to everybody, sortable by time of creation within a kind, and safe in a URL.
"""

import secrets
import time
from typing import Final, NewType

RunId = NewType("RunId", str)  # "r_…"; the workflow of the run is called run-<id>
StepPath = NewType("StepPath", str)  # "ship"; with the item of a foreach once there is one
AttemptNo = NewType("AttemptNo", int)  # 1, 2, 3 …
ApprovalId = NewType("ApprovalId", str)  # "a_…"
TaskId = NewType("TaskId", str)  # "tk_…"
TokenId = NewType("TokenId", str)  # "t_…", names a token, is not its secret
PrincipalId = NewType("PrincipalId", str)  # "p_…", one row per (issuer, subject)
EntityRef = NewType("EntityRef", str)  # "service:shop"
LockKey = NewType("LockKey", str)  # "shop/production"
Digest = NewType("Digest", str)  # lower-case hex SHA-256
Corr = NewType("Corr", str)  # the marker of an attempt, see daytwo_actions.marker
ConnectionName = NewType("ConnectionName", str)  # "github"
ActionName = NewType("ActionName", str)  # "deploy"

ExternalRunId = NewType("ExternalRunId", str)  # theirs, opaque, never parsed outside its backend
ExternalJobId = NewType("ExternalJobId", str)  # theirs

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


def _base32(value: int, length: int) -> str:
    digits = []
    for _ in range(length):
        value, digit = divmod(value, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def mint(prefix: str) -> str:
    """A new id: prefix, 9 characters of milliseconds, 9 of chance (45 bits)."""
    return f"{prefix}_{_base32(time.time_ns() // 1_000_000, 9)}{_base32(secrets.randbits(45), 9)}"


def new_run_id() -> RunId:
    return RunId(mint("r"))


def new_approval_id() -> ApprovalId:
    return ApprovalId(mint("a"))


def new_task_id() -> TaskId:
    return TaskId(mint("tk"))


def new_token_id() -> TokenId:
    return TokenId(mint("t"))


def new_gate_answer_id() -> str:
    return mint("g")


def new_event_id() -> str:
    return mint("e")


def new_freeze_id() -> str:
    return mint("fz")


def new_exception_id() -> str:
    return mint("fx")


def new_schedule_id() -> str:
    return mint("sc")


def new_freeze_end_id() -> str:
    return mint("fe")


def new_stop_id() -> str:
    return mint("st")


def new_principal_id() -> PrincipalId:
    return PrincipalId(mint("p"))
