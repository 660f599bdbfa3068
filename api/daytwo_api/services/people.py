"""Who is let in, what they belong to, and what they could come in with: for those who manage access."""

from daytwo_api.services.identity import Identity
from daytwo_api.views.common import Page
from daytwo_api.views.people import PrincipalView
from daytwo_store import belonging, cursors, known_people
from daytwo_store.engine import Session, Store
from daytwo_store.errors import Rejected
from daytwo_store.known_people import KnownPerson


class People:
    def __init__(self, store: Store, known: Identity) -> None:
        self._store = store
        self._identity = known

    async def page(self, text: str | None, *, cursor: str | None, limit: int) -> Page[PrincipalView]:
        """Raises `Rejected`."""
        if text is not None and "\x00" in text:
            raise Rejected("The text holds a null character, which no name has. Nothing was read.")
        name, after = cursors.read(cursor, 2) if cursor else (None, None)
        async with self._store.read() as session:
            now = await self._store.clock.now(session)
            found = await known_people.page(
                session,
                now=now,
                idle=self._identity.idle,
                text=text,
                after=(name, after) if name is not None and after is not None else None,
                limit=limit + 1,
            )
            shown = found[:limit]
            items = [await _view(session, one) for one in shown]
        more = len(found) > limit
        return Page(items=items, next_cursor=cursors.make(shown[-1].name, shown[-1].id) if more else None)


async def _view(session: Session, one: KnownPerson) -> PrincipalView:
    belongs = await belonging.of_present(session, one.ref) if one.ref is not None else None
    return PrincipalView(
        id=one.id,
        name=one.name,
        ref=one.ref,
        issuer=one.issuer,
        present=belongs is not None,
        groups=sorted(belongs.groups) if belongs else [],
        roles=sorted(belongs.roles) if belongs else [],
        since=one.created_at,
        sessions=one.sessions,
        tokens=one.tokens,
        delegations=one.delegations,
        used_at=one.used_at,
    )
