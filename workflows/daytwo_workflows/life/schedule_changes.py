"""Schedules that people make, change, pause, take over and begin by hand; those of files are changed in their files.

Who makes one is its owner: its runs are asked for in that name, so it is planned as if they asked now, and what they
may not do is refused at once.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import rfc8785
from pydantic import JsonValue

from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_actions.plan.model import PlannedCause
from daytwo_actions.schedules import (
    CronFault,
    LoadedSchedule,
    ScheduleSpec,
    TimeFault,
    as_document,
    restore_schedule,
    schedule_of,
    times_in,
    unfitting,
)
from daytwo_store import firings, schedules
from daytwo_store.engine import Tx
from daytwo_store.errors import Conflict, FieldFault, Forbidden, Rejected
from daytwo_store.firings import Time
from daytwo_store.ids import EntityRef, PrincipalId, RunId, TokenId, new_schedule_id
from daytwo_store.schedules import Made
from daytwo_store.states import FiringState
from daytwo_store.tables import RunRow, ScheduleRow
from daytwo_workflows.life.asking import Accepted, Wish, plan, start
from daytwo_workflows.life.causes import Cause
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.firing import note

Json = Mapping[str, JsonValue]
_NAMELESS: Final = "made-here"  # the name inside of a schedule that has an id of ours

_AS_SENT: Final = as_document(name=_NAMELESS, title="", description="", owner="", spec={})


@dataclass(frozen=True, kw_only=True, slots=True)
class Hand:
    """Who does it, as a person of the catalog."""

    principal: PrincipalId
    ref: str | None
    token: TokenId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A schedule as somebody sends it; None: as it was."""

    title: str | None = None
    description: str | None = None
    spec: Json | None = None


async def make(life: Life, draft: Draft, *, by: Hand, key: str) -> ScheduleRow:
    """The same key again gives the same schedule. Raises `Rejected` with every fault, and what a start would raise."""
    body = _body([draft.title, draft.description, dict(draft.spec or {})])
    async with life.store.read() as session:
        before = _same(await schedules.with_key(session, by.principal, key), body)
    if before is not None:
        return before
    loaded = _checked(draft.title or "", draft.description or "", _owner(by), draft.spec or {})
    await _must_run(life, loaded, by)
    async with life.store.write() as tx:
        await schedules.serialise_key(tx, by.principal, key)
        before = _same(await schedules.with_key(tx.session, by.principal, key), body)
        if before is not None:
            return before
        wanted = made(new_schedule_id(), loaded, after=tx.now)
        return await schedules.add(tx, wanted, by=by.principal, key=key, body_sha256=body, writers=[_owner(by)])


async def change(life: Life, schedule: str, draft: Draft, *, by: Hand) -> None:
    """What is left out stays; keys of `spec` are replaced one by one, with null they go. By its owner alone, since it
    is done in that name."""
    async with life.store.read() as session:
        row = await schedules.get(session, schedule)
    must_be_ours(row)
    if row.owner != by.ref:
        raise Forbidden(
            f"The runs of this schedule are asked for in the name of {row.owner}, who alone changes it. Nothing was "
            "changed. Take it over to change it in your own name."
        )
    loaded = _merged(row, draft)
    await _must_run(life, loaded, by)
    async with life.store.write() as tx:
        held = await schedules.hold(tx, schedule)
        if held.digest != row.digest or held.owner != row.owner:
            raise Conflict(
                "Somebody else has just changed this schedule. Nothing was changed. Look, and change it again."
            )
        await note(tx, held)
        if loaded.digest != held.digest:
            schedules.change(tx, held, made(held.id, loaded, after=tx.now), by=by.principal, writer=by.ref)


async def take(life: Life, schedule: str, *, by: Hand) -> None:
    """Its runs are asked for in this person's name from now on, if they may. Raises what a start would raise."""
    async with life.store.read() as session:
        row = await schedules.get(session, schedule)
    must_be_ours(row)
    loaded = _checked(row.title, _description(row), _owner(by), _spec_of(row))
    await _must_run(life, loaded, by)
    async with life.store.write() as tx:
        held = await schedules.hold(tx, schedule)
        if held.digest != row.digest:
            raise Conflict("Somebody has just changed this schedule. Nothing was changed. Look, and take it again.")
        schedules.take(
            tx, held, by=by.principal, owner=_owner(by), document=dict(loaded.document), digest=loaded.digest
        )


async def pause(life: Life, schedule: str, *, by: Hand, why: str) -> None:
    async with life.store.write() as tx:
        schedules.pause(tx, await schedules.hold(tx, schedule), by=by.principal, why=why)


async def resume(life: Life, schedule: str, *, by: Hand) -> None:
    """From the next time on; what was due meanwhile is not made up for."""
    async with life.store.write() as tx:
        row = await schedules.hold(tx, schedule)
        if row.paused_at is None:
            return
        spec = restore_schedule(row.document)
        try:
            next_at = times_in(spec).next(tx.now) if spec is not None else None
        except (CronFault, TimeFault) as error:
            raise Rejected(f"It cannot go on: {error}. Nothing was changed.") from error
        schedules.resume(tx, row, by=by.principal, next_at=next_at)


async def remove(life: Life, schedule: str, *, by: Hand) -> None:
    """Runs that it began go on."""
    async with life.store.write() as tx:
        row = await schedules.hold(tx, schedule)
        must_be_ours(row)
        schedules.remove(tx, row, by=by.principal)


async def run_now(life: Life, schedule: str, *, by: Hand, key: str) -> Accepted:
    """What it would ask for, asked for by this person, with their rights. The same key again gives the same run."""
    async with life.store.read() as session:
        row = await schedules.get(session, schedule)
    spec = restore_schedule(row.document)
    if spec is None:
        raise Rejected("Its definition cannot be read any more. Nothing was started.")

    async def noted(tx: Tx, run: RunRow) -> None:
        now = Time(schedule=row.id, at=tx.now, state=FiringState.STARTED, by=by.principal, run=RunId(run.id))
        await tx.session.flush()
        await firings.note(tx, now)

    cause = Cause(
        planned=PlannedCause(kind="schedule", name=row.id, writers=sorted(one for one in row.writers if one != by.ref)),
        facts={"title": row.title, "by_hand": True},
        take=noted,
    )
    return await start(
        life, _wish(spec, by, comment=f"The schedule {row.title} ({row.id}), begun by hand.", cause=cause), key
    )


def made(name: str, loaded: LoadedSchedule, *, after: datetime) -> Made:
    """A checked schedule as the store keeps it."""
    return Made(
        id=name,
        title=loaded.model.metadata.title,
        owner=loaded.model.metadata.owner,
        action=loaded.model.spec.action,
        entity=loaded.model.spec.entity,
        document=dict(loaded.document),
        digest=loaded.digest,
        next_at=loaded.times.next(after),
        only_at=loaded.times.only(),
    )


def must_be_ours(row: ScheduleRow) -> None:
    """Raises `Conflict` for one that stands in a file."""
    if row.source is not None:
        raise Conflict(
            f"The schedule {row.id} stands in a file of the company, so it is changed there. Nothing was changed. "
            "It can be paused here."
        )


async def _must_run(life: Life, loaded: LoadedSchedule, by: Hand) -> None:
    """Planned as if it were due now. Raises `Rejected` and what a start raises; nothing was changed then."""
    spec = loaded.model.spec
    planned = await plan(life, _wish(spec, by))
    if faults := list(unfitting(loaded.model, _AS_SENT, {planned.version.name: planned.version})):
        raise _refusal(faults)
    async with life.store.read() as session:
        now = await life.store.clock.now(session)
    if loaded.times.next(now) is None:
        raise _refusal([Problem("", 1, 1, "This time is over already", None, "/spec/at")])


def _wish(spec: ScheduleSpec, by: Hand, *, comment: str | None = None, cause: Cause | None = None) -> Wish:
    return Wish(
        action=spec.action,
        requester=by.principal,
        token=by.token,
        entity=EntityRef(spec.entity) if spec.entity is not None else None,
        inputs=spec.inputs,
        version=None,
        comment=comment,
        cause=cause,
    )


def _merged(row: ScheduleRow, draft: Draft) -> LoadedSchedule:
    spec = {name: value for name, value in {**_spec_of(row), **(draft.spec or {})}.items() if value is not None}
    description = draft.description if draft.description is not None else _description(row)
    return _checked(draft.title or row.title, description, row.owner, spec)


def _checked(title: str, description: str, owner: str, spec: Json) -> LoadedSchedule:
    try:
        with exact():
            return schedule_of(
                as_document(name=_NAMELESS, title=title, description=description, owner=owner, spec=spec)
            )
    except DefinitionRejected as error:
        raise _refusal(error.problems) from error


def _refusal(problems: Sequence[Problem]) -> Rejected:
    faults = [FieldFault(one.pointer.removeprefix("/metadata"), one.message) for one in problems]
    told = "; ".join(dict.fromkeys(one.detail for one in faults))
    return Rejected(f"This schedule cannot be used: {told}. Nothing was changed.", errors=faults)


@contextmanager
def exact() -> Iterator[None]:
    """Raises `Rejected` for what JSON cannot carry exactly."""
    try:
        yield
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise Rejected(
            "This holds something that JSON cannot carry exactly, such as a number beyond 2^53. Nothing was changed. "
            "Write it as text."
        ) from error


def _body(asked: list[JsonValue]) -> str:
    with exact():
        return hashlib.sha256(rfc8785.dumps(asked)).hexdigest()


def _same(row: ScheduleRow | None, body: str) -> ScheduleRow | None:
    if row is not None and row.body_sha256 != body:
        raise Rejected("This Idempotency-Key was used for another schedule. Nothing was made. Use a new key.")
    return row


def _owner(by: Hand) -> str:
    """Raises `Rejected`: nobody can say later what a program may do that is no person of the catalog."""
    if by.ref is None or not by.ref.startswith("person:"):
        raise Rejected("A schedule has a person of the catalog as its owner, and you are none. Nothing was made.")
    return by.ref


def _spec_of(row: ScheduleRow) -> Json:
    spec = row.document["spec"]
    assert isinstance(spec, dict)
    return spec


def _description(row: ScheduleRow) -> str:
    metadata = row.document["metadata"]
    return str(metadata.get("description", "")) if isinstance(metadata, dict) else ""
