"""Finding the pipeline that an attempt has started, by its marker (algorithm A1 "lookup", case R18).

A list of pipelines shows neither who started one nor its name, so each that may be ours is asked for by itself, once:
what it is called and who started it does not change. Where the marker went as a variable, so are its variables.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from daytwo_actions.backends.base import Listing, Marker, Recognised
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.gitlab.wire import names
from daytwo_actions.backends.gitlab.wire.dispatch import marker_key
from daytwo_actions.backends.gitlab.wire.inputs import MARKER_VARIABLE
from daytwo_actions.backends.gitlab.wire.pipelines import (
    OURS,
    Pipelines,
    Variable,
    Variables,
    VendorPipeline,
    carried,
    created_after,
    is_of,
    misfits,
    named,
    state_of,
)
from daytwo_actions.backends.gitlab.wire.refs import Account
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.recent import Recent
from daytwo_actions.backends.wire.answer import Answer, next_page, server_time
from daytwo_actions.marker import shows_one
from daytwo_store.ids import ExternalRunId

_SKEW: Final = timedelta(seconds=60)  # between the clocks of one vendor's servers
_MOST_PAGES: Final = 10
_MOST_ASKED: Final = 200  # pipelines that are asked for by themselves in one look-up; the next one goes on
_KEPT: Final = 4096


class _Page:
    """One page of a listing, with what its headers tell."""

    def __init__(self, answer: Answer) -> None:
        self.content = Pipelines.validate_json(answer.body)
        self.time = server_time(answer)
        self.more = next_page(answer) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What does not change about a pipeline."""

    pipeline: VendorPipeline
    variables: tuple[Variable, ...] | None  # None: not asked for


class LookingUp:
    def __init__(self, settings: GitLabSettings, reading: Reading) -> None:
        self._reading = reading
        self._login = settings.login
        self._asking = asyncio.Lock()
        self._known: Recent[_Known] = Recent(_KEPT)

    async def find(self, marker: Marker, since: datetime) -> Listing:
        """The pipelines that carry the marker and are ours. Raises `BackendUnreachable`, `BackendDenied`.

        Absence may be concluded only from a complete listing. It is not complete when a page is missing, when not
        every candidate could be asked for, when the pipeline shows no marker at all, and when one carries the marker
        but is not ours: nobody can know the marker before our dispatch has arrived.
        """
        if not marker.pinned.marked:
            return Listing(found=(), complete=False, server_time=None)
        login = await self.login()
        pages = await self._pages(marker, since)
        listed = {one.id: one for page in pages for one in page.content if one.source in OURS}
        known = [await self._of(marker, one, login) for one in list(listed.values())[:_MOST_ASKED]]
        times = [page.time for page in pages if page.time is not None]
        now = (max(times) if times else datetime.now(UTC)) + _SKEW
        marked = [listed[one.pipeline.id] for one in known if one is not None and _carries(one, marker)]
        whose = {one.pipeline.id: one.pipeline.user for one in known if one is not None}
        all_fits = [
            listed[number]
            for number, user in whose.items()
            if not misfits(listed[number].model_copy(update={"user": user}), marker, login=login, since=since, now=now)
        ]
        fits = [one for one in all_fits if one in marked]
        bare = {one.pipeline.id for one in known if one is not None and _shows_none(one)}
        whole = not pages[-1].more and len(listed) <= _MOST_ASKED and len(fits) == len(marked)
        return Listing(
            found=tuple(state_of(one) for one in sorted(fits, key=lambda one: one.id)),
            complete=whole,
            server_time=min(times) if len(times) == len(pages) else None,
            unmarked=tuple(ExternalRunId(str(one.id)) for one in all_fits if one.id in bare),
        )

    async def recognise(self, marker: Marker, run: ExternalRunId, since: datetime) -> Recognised | None:
        """One pipeline by its id, with the same checks as one of a listing.

        Raises `BackendUnreachable`, `BackendDenied`.
        """
        login = await self.login()
        found = await self._pipeline(marker, run)
        if found is None:
            return None
        shown, told = found
        known = await self._with_variables(marker, _Known(pipeline=shown, variables=None), login)
        self._known.put((marker.pinned.project_id, shown.id), known)
        return Recognised(
            state=state_of(shown),
            title=shown.name or "",
            marked=_carries(known, marker),
            misfits=misfits(shown, marker, login=login, since=since, now=(told or datetime.now(UTC)) + _SKEW),
            server_time=told,
        )

    async def _pages(self, marker: Marker, since: datetime) -> list[_Page]:
        target = marker.pinned.target
        # By id: a project that was renamed since is still the one that was dispatched to. And few filters, since
        # absence is concluded from what is not listed.
        filters: Mapping[str, str] = {
            "ref": names.short_ref(target.ref),
            "created_after": created_after(since - timedelta(seconds=1)),
            "order_by": "id",
            "sort": "desc",
            "per_page": "100",
        }
        pages: list[_Page] = []
        while not pages or (pages[-1].more and not _reaches(pages[-1], since) and len(pages) < _MOST_PAGES):
            pages.append(
                await self._reading.get(
                    "pipelines.find",
                    f"the pipelines of {target.project}",
                    f"{names.project_by_id(marker.pinned.project_id)}/pipelines",
                    _Page,
                    {**filters, "page": str(len(pages) + 1)},
                )
            )
        if _reaches(pages[-1], since):
            pages[-1].more = False  # an older GitLab does not know the filter; what comes after is older still
        return pages

    async def _of(self, marker: Marker, listed: VendorPipeline, login: str) -> _Known | None:
        """Who started it and what it is called; None for one that is gone."""
        key = (marker.pinned.project_id, listed.id)
        known = self._known.get(key)
        if known is None:
            asked = await self._pipeline(marker, ExternalRunId(str(listed.id)))
            if asked is None:
                return None
            known = _Known(pipeline=asked[0], variables=None)
        known = await self._with_variables(marker, known, login)
        self._known.put(key, known)
        return known

    async def _with_variables(self, marker: Marker, known: _Known, login: str) -> _Known:
        """They are asked for only where the marker may be among them."""
        by_variable = marker_key(marker.pinned) == MARKER_VARIABLE
        ours = is_of(known.pipeline, login) and not named(known.pipeline, marker.corr)
        if by_variable and ours and known.variables is None:
            return _Known(pipeline=known.pipeline, variables=await self._variables(marker, known.pipeline.id))
        return known

    async def _pipeline(self, marker: Marker, run: ExternalRunId) -> tuple[VendorPipeline, datetime | None] | None:
        """With the server's time."""
        return await self._reading.find(
            "pipeline.recognise",
            f"the pipeline {run} of {marker.pinned.target.project}",
            names.pipeline(names.project_by_id(marker.pinned.project_id), run),
            lambda answer: (
                VendorPipeline.model_validate_json(answer.body),
                server_time(answer),
            ),
            keep=False,
        )

    async def _variables(self, marker: Marker, pipeline: int) -> tuple[Variable, ...]:
        place = names.pipeline(names.project_by_id(marker.pinned.project_id), str(pipeline))
        what = f"the variables of pipeline {pipeline} of {marker.pinned.target.project}, which hold our marker"
        try:
            found = await self._reading.find(
                "pipeline.variables", what, f"{place}/variables", lambda answer: Variables.validate_json(answer.body)
            )
        except BackendDenied as denied:
            raise BackendDenied(
                f"{denied.detail} Or show the marker in the pipeline's name: `workflow: name:` with "
                "`$[[ inputs.daytwo_run ]]` or `$DAYTWO_RUN` in it."
            ) from denied
        return found or ()

    async def login(self) -> str:
        """Who our dispatches come from, asked once when the settings do not say."""
        async with self._asking:
            if self._login is None:
                what = "the account that this connection's credential belongs to"
                user = await self._reading.get("user", what, "/user", lambda a: Account.model_validate_json(a.body))
                self._login = user.username
            return self._login


def _carries(known: _Known, marker: Marker) -> bool:
    return named(known.pipeline, marker.corr) or carried(known.variables or (), marker.corr)


def _shows_none(known: _Known) -> bool:
    by_variable = any(one.key == MARKER_VARIABLE for one in known.variables or ())
    return not by_variable and not shows_one(known.pipeline.name or "")


def _reaches(page: _Page, since: datetime) -> bool:
    """Whether the page ends with pipelines that are older than what is looked for."""
    times = [one.created_at for one in page.content if one.created_at is not None]
    return bool(times) and min(times) < since - _SKEW
