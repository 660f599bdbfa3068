"""Names of branches, tags and environments for a form: a page at a time, or searched by GitLab."""

from collections.abc import Mapping
from typing import Final

from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.gitlab.wire import names
from daytwo_actions.backends.gitlab.wire.refs import names_in
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.pipelines import ListPage
from daytwo_actions.backends.wire.answer import Answer, next_page
from daytwo_forms.sources import Listed

_PATHS: Final[Mapping[Listed, str]] = {
    "branches": "repository/branches",
    "tags": "repository/tags",
    "environments": "environments",
}
_ALIVE: Final = {"environments": {"states": "available"}}
_MOST_PAGES: Final = 5  # read for one answer while nothing fits
_SHORTEST: Final = 3  # characters that GitLab searches environments for


class Options:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def page(self, listed: Listed, project: str, *, search: str, cursor: str | None) -> ListPage:
        """Names in GitLab's order and the cursor of the next page, None after the last.

        With `search`, first those of branches and tags that begin with it (so that an exact name is always in the first
        answer), then those that contain it. Raises `BackendUnreachable`, `BackendDenied`.
        """
        if listed not in _PATHS:
            raise BackendDenied(
                f"GitLab lists branches, tags and environments here, and not {listed}. Nothing was listed."
            )
        page, search = _page_number(cursor), search.strip()
        found = await self._beginning(listed, project, search) if page == 1 else []
        for _ in range(_MOST_PAGES):
            names_there, more = await self._listed(listed, project, page, search)
            page += 1
            found += [name for name in names_there if search.lower() in name.lower() and name not in found]
            if found or not more:
                return ListPage(names=found, next_cursor=str(page) if more else None)
        return ListPage(names=found, next_cursor=str(page))

    async def _beginning(self, listed: Listed, project: str, search: str) -> list[str]:
        if not search or listed == "environments":
            return []
        names_there, _ = await self._listed(listed, project, 1, f"^{search}")
        return [name for name in names_there if name.lower().startswith(search.lower())]

    async def _listed(self, listed: Listed, project: str, page: int, search: str) -> tuple[tuple[str, ...], bool]:
        def parse(answer: Answer) -> tuple[tuple[str, ...], bool]:
            return names_in(answer.body), next_page(answer) is not None

        parameters = {"per_page": "100", "page": str(page), **_ALIVE.get(listed, {})}
        if search and (listed != "environments" or len(search) >= _SHORTEST):
            parameters["search"] = search
        path = f"{names.project(project)}/{_PATHS[listed]}"
        found = await self._reading.find(f"{listed}.list", f"the {listed} of {project}", path, parse, parameters)
        if found is None:
            raise BackendDenied(
                f"The project {project} does not exist or cannot be seen with this credential; nothing was listed. "
                "Correct its path, or give the connection access to it."
            )
        return found


def _page_number(cursor: str | None) -> int:
    if cursor is None:
        return 1
    if not (cursor.isascii() and cursor.isdigit() and 1 <= len(cursor) <= 6):
        raise BackendDenied("This is not a cursor that was given out; nothing was listed. Start from the first page.")
    return int(cursor)
