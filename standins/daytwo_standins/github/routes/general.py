"""Who am I, and how often may I ask."""

from typing import Any

from daytwo_standins.github.calls import Call, Operation
from daytwo_standins.github.views.accounts import own_user
from daytwo_standins.shared.answers import Answer

_JOINED = "2026-01-01T00:00:00Z"


async def user(call: Call) -> Answer:
    """The owner of the token."""
    return Answer(data=own_user(call.token.login, call.token.type, call.links, _JOINED))


async def rate_limit(call: Call) -> Answer:
    """What is left of the rate limit; asking does not count."""
    call.standin.limits.give_back(call.token.login)
    facts: dict[str, Any] = call.standin.limits.facts(call.token.login)
    return Answer(data={"resources": {"core": facts, "search": facts}, "rate": facts})


async def meta(call: Call) -> Answer:
    """The root: a few addresses."""
    links = call.links
    return Answer(data={"current_user_url": links.page("user"), "rate_limit_url": links.page("rate_limit")})


OPERATIONS = (
    Operation(name="root", method="GET", path="/", handler=meta),
    Operation(name="get_user", method="GET", path="/user", handler=user),
    Operation(name="rate_limit", method="GET", path="/rate_limit", handler=rate_limit),
)
