"""One approval, in words: what was sealed, and how it stands now beside it."""

import json
from collections.abc import Callable, Sequence

from daytwo_api.views.approvals import ApprovalSummary, ApprovalView, PipelineChange
from daytwo_cli.show.plan import pairs, print_differences, word

Say = Callable[[str], None]


def print_beside(say: Say, approval: ApprovalView) -> None:
    """The last run, the target, the lock, freezes and the undo."""
    print_differences(say, approval.request_differences, approval.previous_run)
    _print_target(say, approval)
    if approval.lock is not None:
        holder = f"held by {approval.lock.held_by_run or 'somebody'}" if approval.lock.held else "free"
        say(f"lock {approval.lock.key}: {holder}, {approval.lock.queued} waiting")
    for held in approval.freezes:
        say(f"freeze: {held.title}")
    if approval.stopped:
        say(approval.stopped)
    _print_undo(say, approval)


def what(approval: ApprovalSummary) -> str:
    """'Undoes run r_…: deploy service:shop: Version 1.1.0, Environment production'."""
    first = f"{approval.unusual}: " if approval.unusual else ""
    about = f"{approval.action} {approval.entity or ''}".strip()
    hints = ", ".join(f"{one.title} {one.text}" for one in approval.hints)
    more = f" and {approval.more_inputs} more" if approval.more_inputs else ""
    return f"{first}{about}{f': {hints}' if hints else ''}{more}"


def print_filled(say: Say, approval: ApprovalView) -> None:
    """What approvers fill in, or have filled in."""
    if approval.asks and approval.filled is None:
        say(f"Who approves fills in: {', '.join(one.title for one in approval.asks)}.")
    for filled in (one for stage in approval.all_stages for one in stage.filled):
        say(f"filled in: {filled.title}: {word(filled.value)}")


def print_open(say: Say, approval: ApprovalView) -> None:
    """What the sealed plan leaves open, and the bytes once that is filled."""
    for one in approval.open_requests:
        for hole in one.holes:
            say(f"open in {one.step}: {hole.name}: {word(hole.written)}")
            for source in hole.sources:
                schema = json.dumps(source.json_schema, ensure_ascii=False) if source.json_schema else "anything"
                say(f"  {source.name}: {source.who} It can be: {schema}")
            if hole.filled:
                say(f"  is now: {word(hole.value)}")
        if one.why_not:
            say(f"  {one.why_not}")
        if one.sent is not None:
            say(f"  {'will be sent' if one.sent.attempt is None else f'attempt {one.sent.attempt}'}:")
            headers = "".join(f"\n{name}: {value}" for name, value in one.sent.headers.items())
            text = f"{one.sent.method} {one.sent.path}{headers}\n{one.sent.body}"
            say("\n".join(f"    {line}" for line in text.splitlines()))
            say(f"    digest: {one.sent.digest}")


def _print_target(say: Say, approval: ApprovalView) -> None:
    target = approval.target
    if target is not None and target.problem:
        return say(f"now: {target.problem}")
    if target is not None and target.owner != target.owner_sealed:
        say(f"now: the owner is {target.owner or '–'}, sealed was {target.owner_sealed or '–'}")
    for one in approval.read:
        if one.before != one.after:
            say(f"now: {one.field} is {word(one.after)}, sealed was {word(one.before)}: it will be asked for again")
    return None


def _print_undo(say: Say, approval: ApprovalView) -> None:
    if approval.undo is None:
        return
    if approval.undo.why_not:
        say(f"undo: {approval.undo.why_not}")
    for one in approval.undo.requests:
        say(f"undo would start {one.pipeline or one.project} ({one.step}) with {pairs(one.inputs)}")


def print_pipelines(say: Say, changes: Sequence[PipelineChange]) -> None:
    for one in changes:
        what = one.pipeline or one.project
        if one.changed is None:
            say(f"{one.step}: {what} at {one.commit[:12]}; there was no run here before")
        elif not one.changed:
            say(f"{one.step}: {what} is the same file as in {one.previous_run}")
        else:
            say(
                f"{one.step}: {what} has changed since {one.previous_run}" + (f": {one.why_not}" if one.why_not else "")
            )
        if one.diff:
            say("\n".join(f"  {line}" for line in one.diff.splitlines()))
        if one.cut:
            say("  … the difference is longer; look at the two commits")
