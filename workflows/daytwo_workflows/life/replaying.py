"""A run of before, planned again by other rules: who would be asked for it, or why nobody could have asked for it.

It is planned by the code that plans a run which somebody asks for: at its own time, with its own inputs, about its
target as that was then. People, groups and other entities are those of now. Nothing is written, and nobody outside is
asked: not a CI system, not a store of secrets.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions import ActionVersion
from daytwo_actions.form import accept_inputs
from daytwo_actions.freezes import Held, subject_of
from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.render import outlined
from daytwo_actions.plan.undo_program import Undone
from daytwo_forms import InputRejected
from daytwo_forms.sources import CATALOG
from daytwo_store import entities, principals
from daytwo_store.engine import Tx
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import DaytwoError, Forbidden, NotFound, Unavailable
from daytwo_store.ids import Digest, EntityRef, PrincipalId, RunId
from daytwo_store.tables import PrincipalRow, RunRow
from daytwo_workflows.life.asking import Intended, Wish, intend
from daytwo_workflows.life.causes import Cause, planned
from daytwo_workflows.life.choices_of_then import Answered
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.other_rules import Rules, under
from daytwo_workflows.life.planning import look
from daytwo_workflows.life.sources import sources
from daytwo_workflows.life.targets import sealed_in
from daytwo_workflows.life.undone import undone_by
from daytwo_workflows.life.who_is_asked import Asked, who_is_asked
from daytwo_workflows.life.window import judge

_UNREAD: Final = "a-secret-of-then"  # in place of a secret input, which is not read again


class Outcome(StrEnum):
    UNCHANGED = "unchanged"
    APPROVAL = "approval"  # nobody was asked, and people would be
    OTHER_APPROVAL = "other_approval"  # other people, or another number of them
    RULE = "rule"  # a rule would approve it in place of people
    NO_APPROVAL = "no_approval"  # people were asked, and nobody would be
    HELD = "held"  # a freeze would hold it back
    NOT_HELD = "not_held"  # … and would no longer
    REFUSED = "refused"  # it could not be asked for
    UNKNOWN = "unknown"


class Why(StrEnum):
    """Why it would be refused, or cannot be told."""

    ALLOW = "allow"  # the requester may not run it
    SEE = "see"  # … or may not even see it
    INPUTS = "inputs"
    PLAN = "plan"  # it cannot be worked out, as when nobody is there who could approve it
    ACTION = "action"  # it is gone
    ENTITY = "entity"  # likewise
    REQUESTER = "requester"  # likewise
    CHOICES = "choices"  # a CI system would have to be asked
    SECRET = "secret"  # noqa: S105 - the name of a reason
    DEFINITION = "definition"  # of then cannot be read
    HIDDEN = "hidden"  # something in it may not be seen by whoever looks


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    outcome: Outcome
    was: tuple[Asked, ...] = ()
    would_be: tuple[Asked, ...] = ()
    why: Why | None = None
    told: str | None = None  # what the requester would be told, or what is not known
    held: tuple[Held, ...] = ()  # by freezes that would hold it back at its time and do not as they are
    named: frozenset[str] = (
        frozenset()
    )  # refs of all that it was planned with: to be shown to nobody who may not see one


@dataclass(frozen=True, kw_only=True, slots=True)
class _Then:
    """A run as it was asked for."""

    row: RunRow
    plan: Plan
    requester: PrincipalRow
    version: ActionVersion
    undone: Undone | None


async def replay(life: Life, row: RunRow, rules: Rules) -> Replayed:
    """Raises `Unavailable` when the database does not answer."""
    plan = Plan.model_validate_json(row.plan)
    try:
        then = await _then(life, row, plan)
    except DaytwoError as error:
        return _unknown(Why.DEFINITION, f"What it was started with cannot be read any more: {error.detail}")
    was = _was(life, then)
    answered = Answered()
    other = under(life, rules, row.created_at, answered)
    found = await _cannot_be_told(other, then) or await _planned(life, other, then, was, answered)
    return replace(found, was=was, named=found.named | _named(then))


async def _then(life: Life, row: RunRow, plan: Plan) -> _Then:
    async with life.store.read() as session:
        return _Then(
            row=row,
            plan=plan,
            requester=(await principals.by_ids(session, [row.requester]))[row.requester],
            version=await life.definitions.of_run(session, Digest(row.version)),
            undone=await undone_by(session, row),
        )


def _was(life: Life, then: _Then) -> tuple[Asked, ...]:
    program, target = life.definitions.program(then.version), then.plan.entity
    steps = () if then.undone is not None else program.steps
    return who_is_asked(then.plan.approval, then.plan.steps, steps, target.owner if target else None)


async def _planned(life: Life, other: Life, then: _Then, was: tuple[Asked, ...], answered: Answered) -> Replayed:
    wish, secret = await _wish(other, then)
    try:
        await _choices_of_then(other, then, wish, answered)
        meant = await intend(other, wish, RunId(then.row.id), sealed_in(then.plan))
        outline = outlined(meant.aimed.program, meant.aimed.facts)
        held, let_through = await _held(life, other, then, meant)
    except DaytwoError as error:
        return _not_planned(error, secret)
    facts = meant.aimed.facts
    program = meant.aimed.program.steps
    would_be = who_is_asked(outline.approval, list(outline.others.values()), program, facts.owner)
    outcome = _compared(was, would_be)
    if outcome is Outcome.UNCHANGED:
        outcome = Outcome.HELD if held else Outcome.NOT_HELD if let_through else outcome
    people = {name for one in would_be for name in one.needed_from}
    return Replayed(outcome=outcome, would_be=would_be, held=held, named=frozenset({*facts.owners, *people}))


def _compared(was: tuple[Asked, ...], would_be: tuple[Asked, ...]) -> Outcome:
    before, after = ([one for one in stages if one.rule is None] for stages in (was, would_be))
    if was == would_be or (before == after and bool(after)):
        return Outcome.UNCHANGED
    if after:
        return Outcome.OTHER_APPROVAL if before else Outcome.APPROVAL
    return Outcome.RULE if would_be else Outcome.NO_APPROVAL


async def _wish(other: Life, then: _Then) -> tuple[Wish, frozenset[str]]:
    """What was asked for, with something in place of its secrets, whose names come with it."""
    row = then.row
    async with other.store.read() as session:
        asked = then.version if then.undone is not None else await other.definitions.current(session, row.action)
    fields = asked.form.fields
    secret = frozenset(name for name in then.plan.secrets if name in fields and fields[name].secret)
    # A person is not asked for a field that is gone. What fills in the form without one gives it all the same.
    by_person = row.via_token is None and row.cause is None
    inputs = {name: value for name, value in row.inputs.items() if name in fields or not by_person}
    cause = planned(row.cause)
    wish = Wish(
        action=row.action,
        requester=PrincipalId(row.requester),
        token=None,
        entity=EntityRef(row.entity) if row.entity else None,
        inputs={**inputs, **dict.fromkeys(secret, _UNREAD)},
        version=None,
        resumes=then.plan.resumes,
        undone=(Digest(row.version), then.undone) if then.undone is not None else None,
        break_glass=row.break_glass,
        cause=Cause(planned=cause, facts={}, take=_never) if cause is not None else None,
    )
    return wish, secret


async def _never(_tx: Tx, _run: RunRow) -> None:
    raise AssertionError("a replay accepts no run")


async def _choices_of_then(other: Life, then: _Then, wish: Wish, answered: Answered) -> None:
    """Learn what was offered, from the form that was filled in."""
    async with other.store.read() as session:
        form = (await other.definitions.current(session, wish.action)).model.spec.form
        if form == then.version.model.spec.form or not _asks_connections(then.version):
            return  # every question is one of then, or there was none
        scene = await look(session, then.version, then.requester, wish.entity, other.lookups)
    doors = sources(other.store.read, scene.belongs, other.lookups.lists(other.backends))
    answers = {**then.row.inputs, **dict.fromkeys(then.plan.secrets, _UNREAD)}
    with suppress(InputRejected):  # whatever it has against them now, what was chosen was offered
        await accept_inputs(then.version, entity=scene.target, user=scene.user, answers=answers, sources=doors)
    answered.open = False


def _asks_connections(version: ActionVersion) -> bool:
    return any(one.choices is not None and one.choices.list is not None for one in version.form.fields.values())


async def _held(life: Life, other: Life, then: _Then, meant: Intended) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
    """The freezes that would hold it back by the other rules alone, and those that do so by the rules of now alone."""
    row, at = then.row, then.row.created_at
    undo = row.undo_of is not None
    subject = subject_of(meant.version, meant.aimed.facts.context, undo=undo, break_glass=row.break_glass)
    async with life.store.read() as session:
        now = judge(await life.frozen.current(session, at), subject, at).holds
        changed = judge(await other.frozen.current(session, at), subject, at).holds
    before, after = {one.id for one in now}, {one.id for one in changed}
    return (
        tuple(one for one in changed if one.id not in before),
        tuple(one for one in now if one.id not in after),
    )


def _not_planned(error: DaytwoError, secret: frozenset[str]) -> Replayed:
    if isinstance(error, InputRejected):
        return _wrong_inputs(error, secret)
    if isinstance(error, Unavailable):
        return _unknown(Why.CHOICES, error.errors[0].detail if error.errors else error.detail)
    why = Why.ALLOW if isinstance(error, Forbidden) else Why.SEE if isinstance(error, NotFound) else Why.PLAN
    return Replayed(outcome=Outcome.REFUSED, why=why, told=error.detail.replace(" Nothing was started.", ""))


def _wrong_inputs(error: InputRejected, secret: frozenset[str]) -> Replayed:
    """A secret is not read again, so what is wrong with what stands in its place says nothing."""
    wrong = [fault for fault in error.errors if fault.pointer.split("/")[2] not in secret]
    if not wrong:
        return _unknown(Why.SECRET, "A secret input is not read again, and the form says what it has to look like.")
    told = " ".join(f"{fault.detail.rstrip('.')}." for fault in wrong[:3])
    return Replayed(outcome=Outcome.REFUSED, why=Why.INPUTS, told=told)


def _unknown(why: Why, told: str) -> Replayed:
    return Replayed(outcome=Outcome.UNKNOWN, why=why, told=told)


async def _cannot_be_told(other: Life, then: _Then) -> Replayed | None:
    """What is gone by now, so that an answer would be about that and not about the rules."""
    async with other.store.read() as session:
        try:
            version = await other.definitions.current(session, then.row.action)
        except NotFound:
            return _unknown(Why.ACTION, f"There is no action {then.row.action} any more.")
        if not await other.lookups.belongings(session, then.requester.ref):
            return _unknown(Why.REQUESTER, f"{then.requester.name} is not in the catalog any more.")
        refs = {*_entities(version, then.row.inputs), *([then.row.entity] if then.row.entity else [])}
        there = await entities.get_many(session, refs, sees=EVERYTHING) if refs else {}
    gone = sorted(refs - there.keys())
    return _unknown(Why.ENTITY, f"{gone[0]} is not in the catalog any more.") if gone else None


def _entities(version: ActionVersion, inputs: Mapping[str, JsonValue]) -> Iterator[EntityRef]:
    """Those that the answers name."""
    for name, field in version.form.fields.items():
        kind = field.choices.kind if field.choices is not None and field.choices.source == CATALOG else None
        for one in _each(inputs.get(name)):
            if field.kind is not None:
                yield EntityRef(one)
            elif kind is not None:
                yield EntityRef(f"{kind}:{one}")


def _each(value: JsonValue) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _named(then: _Then) -> frozenset[str]:
    """Whatever its inputs and its target may be the names of."""
    texts = {one for value in then.row.inputs.values() for one in _each(value)}
    return frozenset({*texts, *([then.row.entity] if then.row.entity else [])})
