"""Names of branches, tags and environments for a form: a page at a time, or searched."""

import time
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.github.wire import names
from daytwo_actions.backends.github.wire.refs import matching_in, names_in
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.recent import Recent
from daytwo_actions.backends.wire.answer import Answer, next_page

Kind = Literal["heads", "tags", "environments"]

KINDS: Final[Mapping[str, Kind]] = {"tags": "tags", "branches": "heads", "environments": "environments"}
_LISTED: Final[Mapping[Kind, str]] = {kind: listed for listed, kind in KINDS.items()}
_MOST_PAGES: Final = 5  # read for one answer while nothing fits
_FRESH: Final = 30.0  # seconds that a name which exists is not asked for again; absence is not remembered
_KEPT: Final = 256


class Options:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._exact: Recent[tuple[float, list[str]]] = Recent(_KEPT)  # searches for names that exist, with when

    async def page(self, project: str, kind: Kind, *, search: str, cursor: str | None) -> tuple[list[str], str | None]:
        """Names in GitHub's order and the cursor of the next page, None after the last.

        With `search`, first those that begin with it, wherever they are in the list (so that an exact name is always
        in the first answer), then those that contain it, without regard to case. When one is exactly that, the others
        wait for the next page: whether a name exists is one request, and none if that was asked a moment ago.
        Raises `BackendUnreachable`, `BackendDenied`.
        """
        page = _page_number(cursor)
        search = search.strip()
        found = await self._first(project, kind, search) if search and cursor is None else []
        if search in found:
            return found, str(page)
        known = kind != "environments"
        for _ in range(_MOST_PAGES):
            listed, more = await self._listed(project, kind, page)
            page += 1
            found += [name for name in listed if _contains(name, search, known=known)]
            if found or not more:
                return found, str(page) if more else None
        return found, str(page)

    async def everything(self, project: str, kind: Kind) -> Sequence[str] | None:
        """All names, None when there are more than are read. Raises `BackendUnreachable`, `BackendDenied`."""
        found: list[str] = []
        for page in range(1, _MOST_PAGES + 1):
            listed, more = await self._listed(project, kind, page)
            found += listed
            if not more:
                return found
        return None

    async def _first(self, project: str, kind: Kind, search: str) -> list[str]:
        """Names that begin so: new runs ask for the same versions, and for each of them when it is asked for."""
        key = (project, kind, search)
        at, known = self._exact.get(key) or (-_FRESH, [])
        if time.monotonic() - at < _FRESH:
            return list(known)
        found = await self._beginning(project, kind, search)
        if search in found:
            self._exact.put(key, (time.monotonic(), found))
        return found

    async def _beginning(self, project: str, kind: Kind, search: str) -> list[str]:
        if kind == "environments":
            return []  # GitHub cannot be asked for them by their beginning
        try:
            names.ref_places(search.rstrip("/."))
        except BackendDenied:
            return []  # no ref begins with that
        path = f"{names.repository(project)}/git/matching-refs/{kind}/{names.in_path(search)}"
        return list(
            await self._reading.find("refs.match", _what(project, kind), path, lambda a: matching_in(a.body, kind))
            or ()
        )

    async def _listed(self, project: str, kind: Kind, page: int) -> tuple[tuple[str, ...], bool]:
        def parse(answer: Answer) -> tuple[tuple[str, ...], bool]:
            return names_in(answer.body, kind), next_page(answer) is not None

        path = f"{names.repository(project)}/{_LISTED[kind]}"
        parameters = {"per_page": "100", "page": str(page)}
        found = await self._reading.find("refs.list", _what(project, kind), path, parse, parameters)
        if found is None:
            raise BackendDenied(
                f"The repository {project} does not exist or cannot be seen with this credential; nothing was listed. "
                "Correct its name, or give the connection access to it."
            )
        return found


def _what(project: str, kind: Kind) -> str:
    return f"the {_LISTED[kind]} of {project}"


def _contains(name: str, search: str, *, known: bool) -> bool:
    """`known`: those that begin with it came first already."""
    return not search or (search.lower() in name.lower() and not (known and name.startswith(search)))


def _page_number(cursor: str | None) -> int:
    if cursor is None:
        return 1
    if not (cursor.isascii() and cursor.isdigit() and 1 <= len(cursor) <= 6):
        raise BackendDenied("This is not a cursor that was given out; nothing was listed. Start from the first page.")
    return int(cursor)
