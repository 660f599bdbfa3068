"""Approvals as lists, and one by one, for somebody who reads them: filtered in SQL, so that a page is a page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import and_, false, func, not_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store.aliases import other
from daytwo_store.errors import NotFound
from daytwo_store.ids import ApprovalId, PrincipalId
from daytwo_store.run_listing import RunFilter, narrowed
from daytwo_store.run_visibility import visible
from daytwo_store.states import ApprovalState
from daytwo_store.tables import ApprovalRow, DecisionRow, EntityRow, PrincipalRow, RunRow

_LARGE: Final = (ApprovalRow.document, ApprovalRow.drift, RunRow.plan, RunRow.changes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Right:
    """By what somebody may decide: their own right, or what another lends them."""

    principal: PrincipalId  # whose it is
    human: str  # who that is: a ref of the catalog, which several sign-ins may share, or the principal
    belongs: Collection[str]  # entries of `needed_from` that it answers to
    never_for: Collection[str]  # requesters, by ref or id, whose runs it does not decide on
    approval: str | None = None  # only this one


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    own: Right
    lent: Sequence[Right] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalFilter:
    state: ApprovalState | None = None
    mine: bool = False  # only those that the reader may decide
    decided: bool = False  # only those that wait for nobody any more
    run: RunFilter = field(default_factory=RunFilter)  # what it is asked for


async def page(
    session: AsyncSession,
    wanted: ApprovalFilter,
    *,
    reader: Reader,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[tuple[ApprovalRow, RunRow]]:
    """Approvals with their runs, that the reader may see; without what is large, which no list shows.

    Those that expire first stand at the top, or where all are decided those that were asked for last; `after` is
    (expires_at, id) of the last one seen, or then (created_at, id).
    """
    when = ApprovalRow.created_at if wanted.decided else ApprovalRow.expires_at
    order = [when.desc(), ApprovalRow.id.desc()] if wanted.decided else [when, ApprovalRow.id]
    query = (
        select(ApprovalRow, RunRow)
        .options(*(defer(column, raiseload=True) for column in _LARGE))
        .join(RunRow, RunRow.id == ApprovalRow.run_id)
        .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
        .where(_visible(reader), *narrowed(wanted.run))
        .order_by(*order)
        .limit(limit)
    )
    if wanted.state is not None:
        query = query.where(ApprovalRow.state == wanted.state)
    if wanted.mine:
        query = query.join(PrincipalRow, PrincipalRow.id == RunRow.requester).where(_decidable(reader))
    if wanted.decided:
        query = query.where(ApprovalRow.state != ApprovalState.PENDING)
    if after is not None:
        place, last = tuple_(when, ApprovalRow.id), tuple_(*after)
        query = query.where(place < last if wanted.decided else place > last)
    return [(approval, run) for approval, run in await session.execute(query)]


async def get_visible(session: AsyncSession, approval: ApprovalId, *, reader: Reader) -> tuple[ApprovalRow, RunRow]:
    """Raises `NotFound`, the same for what does not exist and for what the asker may not see."""
    found = (
        await session.execute(
            select(ApprovalRow, RunRow)
            .join(RunRow, RunRow.id == ApprovalRow.run_id)
            .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
            .where(ApprovalRow.id == approval, _visible(reader))
        )
    ).one_or_none()
    if found is None:
        raise NotFound(f"There is no approval {approval}, or you may not see it. Look at your inbox.")
    return found[0], found[1]


def _visible(reader: Reader) -> ColumnElement[bool]:
    """An approval is seen by whoever sees its run, by those who are asked, whoever they lend it to, and who decided."""
    own = reader.own
    return or_(
        visible(list(own.belongs), own.principal),
        *(_asked(right) for right in (own, *reader.lent)),
        select(DecisionRow.approval_id)
        .where(DecisionRow.approval_id == ApprovalRow.id, DecisionRow.principal == own.principal)
        .correlate(ApprovalRow)
        .exists(),
    )


def _asked(right: Right) -> ColumnElement[bool]:
    asked = ApprovalRow.needed_from.overlap(list(right.belongs)) if right.belongs else false()
    return asked if right.approval is None else and_(asked, ApprovalRow.id == right.approval)


def _decidable(reader: Reader) -> ColumnElement[bool]:
    """The same as `daytwo_actions.voices` says about each."""
    own = reader.own
    lets = func.coalesce(ApprovalRow.terms["self_approval"].as_boolean(), False)
    requester = func.coalesce(PrincipalRow.ref, PrincipalRow.id)
    return and_(
        or_(requester.not_in(list(own.never_for)), lets),
        _edited_by_others(own),
        _filled_by_others(own),
        not_(_counted(own.human)),
        or_(
            _asked(own),
            *(
                and_(
                    _asked(right),
                    requester.not_in(list(right.never_for)),
                    _edited_by_others(right),
                    _filled_by_others(right),
                    not_(_counted(right.human)),
                )
                for right in reader.lent
            ),
        ),
    )


def _edited_by_others(right: Right) -> ColumnElement[bool]:
    lets = func.coalesce(ApprovalRow.terms["editor_approval"].as_boolean(), False)
    never = list(right.never_for)
    others = and_(ApprovalRow.editor.not_in(never), not_(ApprovalRow.other_editors.overlap(never)))
    return or_(ApprovalRow.editor.is_(None), others, lets)


def _filled_by_others(right: Right) -> ColumnElement[bool]:
    lets = func.coalesce(ApprovalRow.terms["self_approval"].as_boolean(), False)
    return or_(not_(ApprovalRow.fillers.overlap(list(right.never_for))), lets)


def _counted(human: str) -> ColumnElement[bool]:
    """Does this person count here already, with whatever sign-in, by a decision of their own or for them, or in an
    earlier stage?"""
    stage, who = other(ApprovalRow, "stage"), other(PrincipalRow, "who")
    same = func.coalesce(stage.first, stage.id) == func.coalesce(ApprovalRow.first, ApprovalRow.id)
    return (
        select(DecisionRow.approval_id)
        .join(stage, stage.id == DecisionRow.approval_id)
        .join(who, or_(who.id == DecisionRow.principal, who.id == DecisionRow.on_behalf_of))
        .where(
            func.coalesce(who.ref, who.id) == human,
            DecisionRow.withdrawn_at.is_(None),
            or_(stage.id == ApprovalRow.id, and_(same, not_(ApprovalRow.again))),
        )
        .correlate(ApprovalRow)
        .exists()
    )
