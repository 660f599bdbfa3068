"""Who am I, which version is this, and the keys of ID tokens."""

from daytwo_standins.gitlab import views
from daytwo_standins.gitlab.calls import Call
from daytwo_standins.gitlab.routing import API, Operation
from daytwo_standins.shared.answers import Answer

VERSION = "19.5.0-ee"


async def user(call: Call) -> Answer:
    """The owner of the token."""
    shown = views.user(call.login, call.base)
    more = {"email": f"{call.login}@example.com", "is_admin": False, "bot": call.token is not None and call.token.bot}
    return Answer(data={**shown, **more, "created_at": "2026-01-01T00:00:00.000Z"})


async def version(_call: Call) -> Answer:
    """The version of the server."""
    kas = {"enabled": False, "externalUrl": None, "externalK8sProxyUrl": None, "version": None}
    return Answer(data={"version": VERSION, "revision": "standin", "kas": kas, "enterprise": True})


async def keys(call: Call) -> Answer:
    """The public keys of ID tokens."""
    return Answer(data=call.standin.issuer.keys())


async def configuration(call: Call) -> Answer:
    """Where the keys are."""
    return Answer(data=call.standin.issuer.configuration())


OPERATIONS = (
    Operation(name="get_user", method="GET", path=f"{API}/user", handler=user),
    Operation(name="version", method="GET", path=f"{API}/version", handler=version),
    Operation(name="keys", method="GET", path="/oauth/discovery/keys", handler=keys, public=True),
    Operation(
        name="openid_configuration",
        method="GET",
        path="/.well-known/openid-configuration",
        handler=configuration,
        public=True,
    ),
)
