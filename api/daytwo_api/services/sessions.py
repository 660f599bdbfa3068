"""One's own sessions, and the end of somebody's access."""

from fastapi import Request, Response

from daytwo_api.asker import Asker
from daytwo_api.security import COOKIE
from daytwo_api.services.identity import Identity, hashed
from daytwo_api.views.common import Page
from daytwo_api.views.control import Ended, SessionView
from daytwo_store import delegations, identity, sessions, tokens
from daytwo_store.engine import Store
from daytwo_store.errors import Forbidden, NotFound
from daytwo_store.ids import PrincipalId


class Sessions:
    def __init__(self, store: Store, known: Identity) -> None:
        self._store = store
        self._identity = known

    async def mine(self, by: Asker, request: Request) -> Page[SessionView]:
        this = hashed(request.cookies.get(COOKIE, ""))
        async with self._store.read() as session:
            now = await self._store.clock.now(session)
            found = await sessions.of_principal(session, by.principal, now=now, idle=self._identity.idle)
        return Page(
            items=[
                SessionView(
                    created_at=one.created_at,
                    last_used_at=one.last_used_at,
                    expires_at=one.expires_at,
                    this=by.via == "session" and one.hash == this,
                )
                for one in found
            ]
        )

    async def end_mine(self, by: Asker, response: Response) -> Ended:
        """Everywhere, here too. Tokens stay: they are revoked one by one."""
        if by.via == "token":
            raise Forbidden("A token cannot sign its owner out. Nothing was ended. Sign in on the page to do this.")
        async with self._store.write() as tx:
            ended = await sessions.close_all(tx, by.principal, actor=by.principal)
        self._identity.forget_cookie(response)
        return Ended(sessions=ended, tokens=0, delegations=0)

    async def end_access(self, by: Asker, principal: str) -> Ended:
        """Of somebody else, as an administrator. They may sign in again, if whoever vouches for them lets them.

        What they let others decide ends with it: whoever took their session over may have lent their right to a friend.
        So do the groups that an identity provider told of them, until they sign in again: nothing begins in their name.
        """
        async with self._store.write() as tx:
            if await identity.principal(tx.session, PrincipalId(principal)) is None:
                raise NotFound("There is nobody of this id. Nothing was ended. The audit names ids (p_…).")
            owner = PrincipalId(principal)
            await identity.taken_away(tx, owner, actor=by.principal)
            ended = await sessions.close_all(tx, owner, actor=by.principal)
            return Ended(
                sessions=ended,
                tokens=await tokens.revoke_all(tx, owner, actor=by.principal),
                delegations=await delegations.revoke_all(tx, owner, actor=by.principal),
            )
