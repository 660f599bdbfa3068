"""Finding the run that an attempt has started, by its marker (algorithm A1 "lookup", case R18)."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from daytwo_actions.backends.base import Listing, Marker, Recognised
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.github.access import Access
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.github.wire import names, runs
from daytwo_actions.backends.github.wire.refs import User
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.wire.answer import Answer, next_page, server_time
from daytwo_actions.marker import shows_one
from daytwo_store.ids import ExternalRunId

_SKEW: Final = timedelta(seconds=60)  # between the clocks of one vendor's servers


class _Page:
    """One page of a listing, with what its headers tell."""

    def __init__(self, answer: Answer) -> None:
        self.content = runs.RunsPage.model_validate_json(answer.body)
        self.time = server_time(answer)
        self.more = next_page(answer) is not None


class LookingUp:
    def __init__(self, settings: GitHubSettings, reading: Reading, access: Access) -> None:
        self._reading = reading
        self._access = access
        self._login = settings.login
        self._asking = asyncio.Lock()

    async def find(self, marker: Marker, since: datetime) -> Listing:
        """The runs that carry the marker and are ours. Raises `BackendUnreachable`, `BackendDenied`.

        Absence may be concluded only from a complete listing. It is not complete when a page is missing, when GitHub
        has more runs than a filtered listing shows, when the workflow shows no marker at all, and when a run carries
        the marker but is not ours: nobody can know the marker before our dispatch has arrived.
        """
        if not marker.pinned.marked:
            return Listing(found=(), complete=False, server_time=None)
        login = await self.login()
        pages = await self._pages(marker, since)
        total = max(page.content.total_count for page in pages)
        listed = {run.id: run for page in pages for run in page.content.workflow_runs}
        marked = [run for run in listed.values() if runs.carries(run, marker.corr)]
        times = [page.time for page in pages if page.time is not None]
        now = (max(times) if times else datetime.now(UTC)) + _SKEW
        fits = [run for run in listed.values() if not runs.misfits(run, marker, login=login, since=since, now=now)]
        ours = [run for run in fits if run in marked]
        return Listing(
            found=tuple(runs.state_of(run) for run in sorted(ours, key=lambda run: run.id)),
            complete=total <= runs.MOST_FILTERED and len(listed) >= total and len(ours) == len(marked),
            server_time=min(times) if len(times) == len(pages) else None,
            unmarked=tuple(ExternalRunId(str(run.id)) for run in fits if not shows_one(run.display_title)),
        )

    async def recognise(self, marker: Marker, run: ExternalRunId, since: datetime) -> Recognised | None:
        """One run by its id, with the same checks as one of a listing. Raises `BackendUnreachable`, `BackendDenied`."""
        login = await self.login()

        def parse(answer: Answer) -> tuple[runs.VendorRun, datetime | None]:
            return runs.VendorRun.model_validate_json(answer.body), server_time(answer)

        what = f"the run {run} of {marker.pinned.target.project}"
        path = names.run(marker.pinned.target.project, run)
        found = await self._reading.find("run.recognise", what, path, parse, keep=False)
        if found is None:
            return None
        shown, told = found
        now = (told or datetime.now(UTC)) + _SKEW
        return Recognised(
            state=runs.state_of(shown),
            title=shown.display_title,
            marked=runs.carries(shown, marker.corr),
            misfits=runs.misfits(shown, marker, login=login, since=since, now=now),
            server_time=told,
        )

    async def _pages(self, marker: Marker, since: datetime) -> list[_Page]:
        target = marker.pinned.target
        # By id: a file that was renamed since is still the workflow that was dispatched. And few filters, since
        # absence is concluded from what is not listed: actor and ref are compared here, where it can be seen why not.
        path = f"{names.repository(target.project)}/actions/workflows/{names.in_path(marker.pinned.pipeline_id)}/runs"
        filters: Mapping[str, str] = {
            "event": "workflow_dispatch",
            "created": runs.created_filter(since),
            "per_page": "100",
        }
        pages: list[_Page] = []
        while not pages or (pages[-1].more and len(pages) < runs.MOST_FILTERED // 100):
            pages.append(
                await self._reading.get(
                    "runs.find",
                    f"the runs of {target.pipeline} in {target.project}",
                    path,
                    _Page,
                    {**filters, "page": str(len(pages) + 1)},
                )
            )
        return pages

    async def login(self) -> str:
        """Who our dispatches come from, asked once when the settings do not say."""
        async with self._asking:
            if self._login is None:
                self._login = await self._access.login() or await self._ask_login()
            return self._login

    async def _ask_login(self) -> str:
        what = "the account that this connection's credential belongs to"
        try:
            user = await self._reading.get("user", what, "/user", lambda a: User.model_validate_json(a.body))
        except BackendDenied as denied:
            raise BackendDenied(
                f"{denied.detail} The token of an App's installation cannot ask this: "
                "put the App's login, as in acme-deploy[bot], into this connection's settings as `login`."
            ) from denied
        return user.login
