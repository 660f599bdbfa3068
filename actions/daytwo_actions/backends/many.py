"""The states of many runs in few requests: a listing tells of a hundred; what it does not show is asked for alone."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from daytwo_actions.backends.base import ExternalState, Target
from daytwo_store.ids import ExternalRunId

PER_PAGE: Final = 100
_MOST_LISTINGS: Final = 3  # pages of the newest runs; older ones are read one by one

States = Mapping[str, ExternalState]
OfProject = Callable[[str, set[str]], Awaitable[States]]
Listing = Callable[[str, int], Awaitable[tuple[States, bool]]]
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


async def listed(project: str, ids: set[str], listing: Listing, single: Single) -> dict[str, ExternalState]:
    """Those that are there. `listing` gives a page (from 1) and whether there are more, `single` one run or None."""
    found: dict[str, ExternalState] = {}
    page = 1
    # A listing of a hundred is one request, and so is a single run.
    while len(ids - found.keys()) > 1 and page <= _MOST_LISTINGS:
        shown, more = await listing(project, page)
        found |= {run: state for run, state in shown.items() if run in ids}
        page = page + 1 if more else _MOST_LISTINGS + 1
    missing = sorted(ids - found.keys())
    singles = await asyncio.gather(*(single(project, run) for run in missing))
    return found | {run: state for run, state in zip(missing, singles, strict=True) if state is not None}
