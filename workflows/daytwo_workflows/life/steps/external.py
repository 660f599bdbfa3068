"""What an external run says of a dispatch: in words, and whether it is what was planned."""

from daytwo_store.engine import Tx
from daytwo_store.ids import AttemptNo, StepPath
from daytwo_store.tables import AttemptRow, ExternalRunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.failing import fail


def is_gone(life: Life, external: ExternalRunRow) -> bool:
    """Was it deleted in the CI system? Two reads have to say so, some time apart."""
    since, seen = external.gone_at, external.seen_at
    return since is not None and seen is not None and seen - since >= life.windows.gone_after


def deleted(external: ExternalRunRow) -> str:
    return (
        f"{external.connection} run {external.id} was deleted in the CI system before its end was seen, so nobody here "
        "knows how far it came. The catalog was not changed and the lock is kept. Find out what it did, then cancel "
        "this run: that only ends it here."
    )


def other_commit(attempt: AttemptRow, external: ExternalRunRow) -> str | None:
    """A sentence when the CI system ran another commit than the one that was planned: the ref moved as it was sent."""
    planned = attempt.request["commit"]
    if external.commit is None or external.commit == planned:
        return None
    return (
        f"{external.connection} run {external.id} ran commit {external.commit[:12]}, and {str(planned)[:12]} was "
        f"planned: {attempt.request['ref']} moved while it was sent."
    )


def in_other_words(external: ExternalRunRow) -> str:
    """The CI system's own words for a failure, where they say more: " (timed_out)"."""
    said = external.detail.strip()
    return "" if said.lower() in ("", "failed", "failure") else f" ({said})"


def fail_unapproved(tx: Tx, step: StepRow, external: ExternalRunRow, other: str) -> Move | None:
    """Whatever it ended as: it is not what somebody approved, so it is no success."""
    return fail(
        tx,
        step,
        f"{other} Nobody approved that. It ended as {external.detail}; the catalog was not changed. "
        "Find out what it did before you go on.",
    )


def about(what: What, attempt: AttemptRow) -> Move:
    return Move(what=what, path=StepPath(attempt.path), attempt=AttemptNo(attempt.no))
