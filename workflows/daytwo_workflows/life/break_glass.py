"""An emergency: a run past approval, the second person who confirms it, and the review that somebody else closes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from daytwo_actions.plan.model import Plan
from daytwo_actions.voices import Human, listed
from daytwo_store import approvals, reviews, runs
from daytwo_store.engine import Store, Tx
from daytwo_store.errors import Conflict, Forbidden, NotFound, Rejected
from daytwo_store.ids import PrincipalId, RunId
from daytwo_store.notifications import Notice, tell
from daytwo_store.states import Verdict
from daytwo_store.tables import DecisionRow, PrincipalRow, RunRow
from daytwo_workflows.life.people import voter
from daytwo_workflows.life.standing import key, people_of


async def asked(tx: Tx, row: RunRow, plan: Plan) -> None:
    """A run that goes past approval was accepted. Without a second person the glass is broken at once."""
    assert plan.break_glass is not None
    if plan.break_glass.second is None:
        await broken(tx, row)
    else:
        tell(tx, Notice.GLASS_ASKED, audience=_everybody(plan), run=RunId(row.id))


async def broken(tx: Tx, row: RunRow) -> None:
    """It is confirmed, or nobody has to: everybody whom it concerns is told, and its review opens."""
    plan = Plan.model_validate_json(row.plan)
    assert plan.break_glass is not None
    second = plan.break_glass.second or "nobody"
    facts = {"second": second, "digest": row.digest, "past": ", ".join(_passed_over(plan)) or "nobody"}
    tx.audit(actor=row.requester, action="glass.broken", subject=f"run:{row.id}", facts=facts)
    tell(tx, Notice.GLASS_BROKEN, audience=[*_everybody(plan), row.requester], run=RunId(row.id))
    await reviews.open_review(tx, row, needed_from=reviewers(plan))


def reviewers(plan: Plan) -> list[str]:
    """Who was passed over; where that is nobody, the group of the second person and the owner of the target."""
    return _passed_over(plan) or _beside(plan)


@dataclass(frozen=True, kw_only=True, slots=True)
class Closing:
    """What somebody says who looked at a run that broke the glass."""

    run: RunId
    principal: PrincipalId
    words: str
    any_review: bool = False  # may review whatever it is


async def close(store: Store, closing: Closing) -> None:
    """Raises `NotFound`, `Rejected` without words, `Forbidden` (took part, or not asked), `Conflict`."""
    words = closing.words.strip()
    if not words:
        raise Rejected("Say what you found, and what follows from it. The review stays open.")
    async with store.write() as tx:
        row = await runs.hold(tx, closing.run)
        review = await reviews.of_run(tx.session, closing.run)
        if review is None:
            raise NotFound(f"There is no review of run {closing.run}, or you may not see it.")
        refused = await why_not(tx, row, review.needed_from, closing)
        if refused is not None:
            raise Forbidden(f"{refused} The review stays open.")
        if review.closed_at is not None:
            if review.closed_by == closing.principal and review.words == words:
                return
            raise Conflict("This review is closed already. Nothing was changed.")
        if row.ended_at is None:
            raise Conflict("The run has not ended, so there is nothing to review yet. The review stays open.")
        reviews.close(tx, review, by=closing.principal, words=words)
        plan = Plan.model_validate_json(row.plan)
        second = plan.break_glass.second if plan.break_glass else None
        audience = [row.requester, *([second] if second else [])]
        tell(tx, Notice.REVIEW_CLOSED, audience=audience, run=closing.run)


async def why_not(tx: Tx, row: RunRow, needed_from: list[str], closing: Closing) -> str | None:
    """Why somebody may not close the review of this run; None when they may. Who is on call is looked up now."""
    asked = [one.id for one in await approvals.of_run(tx.session, closing.run)]
    decided = await approvals.decisions(tx.session, asked)
    people = await people_of(tx.session, [row], decided, closing.principal)
    who = await voter(tx.session, people[closing.principal], entries=needed_from, now=tx.now)
    return may_close(
        needed_from,
        took_part=took_part(row, decided, people),
        who=who.own,
        any_review=closing.any_review,
    )


def took_part(row: RunRow, decided: Sequence[DecisionRow], people: Mapping[str, PrincipalRow]) -> dict[str, str]:
    """The humans who asked for the run, and who confirmed it, for themselves or for somebody else, with their names."""
    agreed = [one for one in decided if one.verdict == Verdict.APPROVE]
    ids = [row.requester, *(who for one in agreed for who in (one.principal, one.on_behalf_of) if who is not None)]
    return {key(people, one): people[one].name for one in ids}


def may_close(needed_from: list[str], *, took_part: Mapping[str, str], who: Human, any_review: bool) -> str | None:
    """Somebody else: neither who asked nor who confirmed, with whatever sign-in, and nobody who is one person with
    them while a delegation holds."""
    if who.key in took_part:
        return "You asked for this run, or confirmed it, so somebody else has to review it."
    for other in took_part.keys() & who.bound.keys():
        return (
            f"{took_part[other]}, who asked for this run or confirmed it, {who.bound[other]}: you two are one person "
            "here, so somebody else has to review it."
        )
    if not any_review and who.belongs.isdisjoint(needed_from):
        return f"This is reviewed by {listed(needed_from) or 'the auditors'}, and you are not one of them."
    return None


def _passed_over(plan: Plan) -> list[str]:
    assert plan.break_glass is not None
    return list(dict.fromkeys(name for stage in plan.break_glass.past for name in stage.needed_from))


def _beside(plan: Plan) -> list[str]:
    second = plan.break_glass.second if plan.break_glass else None
    owner = plan.entity.owner if plan.entity else None
    return list(dict.fromkeys(name for name in (second, owner) if name is not None))


def _everybody(plan: Plan) -> list[str]:
    return list(dict.fromkeys([*_passed_over(plan), *_beside(plan)]))
