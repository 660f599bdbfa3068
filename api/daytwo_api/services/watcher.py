"""Who looks at an open page: asked again while it is open, as sessions end, groups are left and roles are taken."""

from collections.abc import Awaitable, Callable

from daytwo_actions.roles import Permission
from daytwo_api.asker import Asker

Still = Callable[[], Awaitable[Asker | None]]  # who the request is by now


class Watcher:
    """`every` in seconds. The one who opened the page counts until then."""

    def __init__(self, by: Asker, still: Still, *, every: float) -> None:
        self._by: Asker | None = by
        self._still = still
        self._every = every
        self._asked: float | None = None

    async def at(self, moment: float) -> Asker | None:
        """Who it is, no older than `every`; None when the page has to be closed. Raises `Unavailable`."""
        if self._asked is None:
            self._asked = moment
        elif moment - self._asked >= self._every:
            by = await self._still()
            self._by = by if by is not None and Permission.READ in by.permissions else None
            self._asked = moment
        return self._by
