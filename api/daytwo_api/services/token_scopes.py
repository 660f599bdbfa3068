"""What a token may be used for, and how it is shown."""

import re
from typing import Final

from daytwo_actions.definitions.model import NAME
from daytwo_actions.roles import Scope, scope_of
from daytwo_api.asker import Asker
from daytwo_api.views.common import Person
from daytwo_api.views.control import TokenRequest, TokenView
from daytwo_store.errors import FieldFault, Forbidden, Rejected
from daytwo_store.tokens import Token

_NAMED: Final = re.compile(rf"run:(?=.{{1,63}}$){NAME.strip('^$')}")  # one action


def scopes_asked_for(asked: TokenRequest, by: Asker) -> list[str]:
    """Raises `Rejected`, `Forbidden`."""
    known = {str(scope) for scope in Scope}
    if faults := [
        FieldFault(
            f"/scopes/{number}",
            f"there is no scope {scope}; there are {', '.join(sorted(known))}, and run:<action> for one action alone",
        )
        for number, scope in enumerate(asked.scopes)
        if scope not in known and not _NAMED.fullmatch(scope)
    ]:
        raise Rejected("The token was not made, because it asks for a scope that there is not.", errors=faults)
    scopes = [*(scope for scope in Scope if scope in asked.scopes), *sorted({*asked.scopes} - known)]
    if Scope.RUN in scopes and len(scopes) > len(known & {*scopes}):
        raise Rejected(
            "The token was not made: it asks for run, which is every action, and for named actions too. Leave one out."
        )
    if Scope.ADMIN in scopes and all(scope_of(one) is not Scope.ADMIN for one in by.permissions):
        raise Forbidden(
            "A token with the scope admin is for who looks after something here, and none of your roles does. None was "
            "made. Leave that scope out."
        )
    return scopes


def scopes_of(token: Token) -> frozenset[Scope]:
    """`run:deploy` is the scope run, for one action."""
    return frozenset(Scope(scope.partition(":")[0]) for scope in token.scopes)


def named_actions(token: Token) -> frozenset[str] | None:
    """The actions that a token is for; None: every one that its other scopes let it run."""
    named = frozenset(scope.partition(":")[2] for scope in token.scopes if ":" in scope)
    return named or None


def token_view(token: Token) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.name,
        scopes=list(token.scopes),
        owner=Person(id=token.owner.id, name=token.owner.name, ref=token.owner.ref),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        revoked_at=token.revoked_at,
    )
