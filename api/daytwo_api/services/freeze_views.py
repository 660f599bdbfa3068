"""Freezes, exceptions and the stop as people read them: rows in, views out."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import JsonValue

from daytwo_actions.freezes import FreezeVersion, Held, Period
from daytwo_actions.policy import Answer
from daytwo_actions.roles import Permission
from daytwo_api.asker import Asker
from daytwo_api.services.doors import permitted
from daytwo_api.services.gather import Known
from daytwo_api.services.window_words import held_words, zoned
from daytwo_api.views.common import Permitted
from daytwo_api.views.freezes import ExceptionView, FreezeView, HeldView, PeriodView, StopView
from daytwo_store.states import ExceptionState
from daytwo_store.tables import FreezeExceptionRow, FreezeRow, RunRow, StopRow
from daytwo_workflows.life.exceptions import may_decide, may_revoke, void


def held_view(held: Held) -> HeldView:
    return HeldView(
        freeze=held.id,
        title=held.title,
        owner=held.owner,
        reason=held.reason,
        until=held.until,
        note=held.note,
        text=held_words(held),
    )


def freeze_view(
    row: FreezeRow, version: FreezeVersion, known: Known, *, now: datetime, periods: Sequence[Period]
) -> FreezeView:
    metadata, spec = _part(row, "metadata"), _part(row, "spec")
    zone = version.model.spec.timezone if version.model else None
    try:
        frozen, until = version.frozen_at(now) if version.model else (True, None)
        text = _state(frozen, until, zone) if version.model else "holds everything: it cannot be read any more"
    except (ValueError, OverflowError):
        frozen, until, text = True, None, "holds: its calendar cannot be worked out"
    return FreezeView(
        id=row.id,
        title=row.title,
        description=str(metadata.get("description", "")),
        owner=row.owner,
        reason=str(spec.get("reason", "")),
        spec=spec,
        from_file=row.source is not None,
        made_by=known.person(row.created_by) if row.created_by else None,
        changed_at=row.changed_at,
        frozen_now=frozen,
        until=until,
        text=text,
        occurrences=[PeriodView(start=one.start, end=one.end) for one in periods],
    )


def _state(frozen: bool, until: datetime | None, zone: str | None) -> str:
    if frozen:
        return f"holds until {zoned(until, zone)}" if until else "holds, and nobody can say until when"
    return f"open until {zoned(until, zone)}" if until else "open"


def _part(row: FreezeRow, name: str) -> dict[str, JsonValue]:
    part = row.document.get(name)
    return part if isinstance(part, dict) else {}


def exception_view(
    row: FreezeExceptionRow, run: RunRow, freeze: FreezeRow, known: Known, asker: Asker
) -> ExceptionView:
    why_void = void(row, run, freeze)
    live = row.state in (ExceptionState.ASKED, ExceptionState.GRANTED) and run.ended_at is None
    open_now = row.state == ExceptionState.ASKED and why_void is None and run.ended_at is None
    assert known.voter is not None, "who reads an exception is looked up"
    decide = may_decide(row, run, freeze, human=known.voter.own, people=known.people)
    revoke = may_revoke(row, run, freeze, principal=asker.principal, belongs=asker.belongs)
    return ExceptionView(
        id=row.id,
        run=run.id,
        action=run.action,
        entity=run.entity,
        freeze=row.freeze_id,
        title=freeze.title,
        owner=freeze.owner,
        state=ExceptionState(row.state),
        text=_exception_text(row, freeze, known, why_void),
        reason=row.reason,
        asked_by=known.person(row.asked_by),
        asked_at=row.asked_at,
        decided_by=known.person(row.decided_by) if row.decided_by else None,
        decided_at=row.decided_at,
        comment=row.comment,
        until=row.until,
        void=why_void is not None,
        may_decide=_permit(asker, decide, open_now, "It waits for no decision."),
        may_revoke=_permit(asker, revoke, live, "There is nothing to take back."),
    )


def _permit(asker: Asker, answer: Answer, possible: bool, else_: str) -> Permitted:
    if not possible:
        return Permitted(allowed=False, why_not=else_)
    return permitted(asker, Permission.DECIDE, answer)


def _exception_text(row: FreezeExceptionRow, freeze: FreezeRow, known: Known, why_void: str | None) -> str:
    spec = _part(freeze, "spec")
    zone = str(spec["timezone"]) if spec.get("timezone") else None
    match ExceptionState(row.state):
        case ExceptionState.ASKED:
            text = f"waits for one of {freeze.owner}"
        case ExceptionState.GRANTED:
            assert row.until is not None
            text = f"granted by {known.person(row.decided_by).name} until {zoned(row.until, zone)}"
        case ExceptionState.REFUSED:
            return f"refused by {known.person(row.decided_by).name}"
        case ExceptionState.REVOKED:
            return f"taken back by {known.person(row.ended_by).name}"
    return f"{text}; void: {why_void}" if why_void else text


def stop_view(row: StopRow | None, known: Known) -> StopView:
    if row is None:
        return StopView(stopped=False, reason=None, by=None, at=None, text="Nothing is stopped.")
    by = known.person(row.by)
    return StopView(
        stopped=True,
        reason=row.reason,
        by=by,
        at=row.at,
        text=f"{by.name} has stopped everything since {zoned(row.at, None)}: {row.reason.rstrip('.')}. "
        "Nothing new is dispatched anywhere; what has begun is followed to its end.",
    )
