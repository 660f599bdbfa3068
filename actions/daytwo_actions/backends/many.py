"""The states of many runs in few requests: a listing tells of a hundred; what none shows is asked for alone."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from daytwo_actions.backends.base import ExternalState, Target
from daytwo_actions.backends.http.recent import Recent
from daytwo_store.ids import ExternalRunId

PER_PAGE: Final = 100
_MOST_PAGES: Final = 10  # of the runs of one status; the others are read one by one
_KEPT: Final = 8192

States = Mapping[str, ExternalState]
OfProject = Callable[[str, set[str]], Awaitable[States]]
Listing = Callable[[str, int, str | None], Awaitable[tuple[States, bool]]]
Single = Callable[[str, str], Awaitable[ExternalState | None]]


async def states(wanted: Sequence[tuple[Target, ExternalRunId]], of_project: OfProject) -> list[ExternalState | None]:
    """The state of each run in the order asked, None for one that is gone; `of_project` reads those of one project.

    Raises what that raises: then nothing is known of any of them.
    """
    by_project: dict[str, set[str]] = {}
    for target, run in wanted:
        by_project.setdefault(target.project, set()).add(run)
    found = await asyncio.gather(*(of_project(project, ids) for project, ids in by_project.items()))
    known = dict(zip(by_project, found, strict=True))
    return [known[target.project].get(run) for target, run in wanted]


class Many:
    """Reads what is followed of a project: the newest runs, then those of a status, and alone what is in neither.

    `listing` gives the newest runs, or those of one status as the vendor writes it; `under_way` are those statuses,
    and the first is what a run is taken for that was not seen yet. One run is never worth a listing.
    """

    def __init__(self, listing: Listing, single: Single, *, under_way: Sequence[str]) -> None:
        self._listing = listing
        self._single = single
        self._under_way = under_way
        self._was: Recent[str] = Recent(_KEPT)

    async def of_project(self, project: str, ids: set[str]) -> dict[str, ExternalState]:
        """Those that are there."""
        found: dict[str, ExternalState] = {}
        if len(ids) > 1:
            await self._listed(project, None, ids, found)
        # Long runs lie behind many newer ones that have ended.
        for status in self._under_way:
            if len(self._as_before(project, status, ids - found.keys())) > 1:
                await self._listed(project, status, ids, found)
        missing = sorted(ids - found.keys())
        singles = await asyncio.gather(*(self._single(project, run) for run in missing))
        found |= {run: state for run, state in zip(missing, singles, strict=True) if state is not None}
        for run, state in found.items():
            self._was.put((project, run), state.detail)
        return found

    def _as_before(self, project: str, status: str, missing: set[str]) -> list[str]:
        """Those that are likely to be in a listing of the status: by what they were when they were seen last."""
        return [run for run in missing if (self._was.get((project, run)) or self._under_way[0]) == status]

    async def _listed(self, project: str, status: str | None, ids: set[str], found: dict[str, ExternalState]) -> None:
        most = 1 if status is None else _MOST_PAGES
        for page in range(1, most + 1):
            shown, more = await self._listing(project, page, status)
            found |= {run: state for run, state in shown.items() if run in ids - found.keys()}
            if not more or len(ids - found.keys()) <= 1:
                return
