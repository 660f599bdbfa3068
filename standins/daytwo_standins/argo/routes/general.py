"""Which version is this, who am I?"""

from daytwo_standins.argo.calls import Call, Operation
from daytwo_standins.shared.answers import Answer

VERSION = "v4.1.2"


async def version(_call: Call) -> Answer:
    """The version whose API this is."""
    facts = {
        "version": VERSION,
        "buildDate": "2026-08-21T00:00:00Z",
        "gitCommit": "standin",
        "gitTag": VERSION,
        "gitTreeState": "clean",
        "goVersion": "none",
        "compiler": "none",
        "platform": "linux/standin",
    }
    return Answer(data=facts)


async def info(_call: Call) -> Answer:
    """What a person's page would show."""
    return Answer(data={"managedNamespace": "", "links": [], "modals": {}, "navColor": "", "columns": []})


async def user(call: Call) -> Answer:
    """The owner of the token."""
    who, where = call.token.login, call.token.namespace
    facts = {
        "issuer": "standin",
        "subject": f"system:serviceaccount:{where}:{who}",
        "serviceAccountName": who,
        "serviceAccountNamespace": where,
    }
    return Answer(data=facts)


OPERATIONS = (
    Operation(name="version", method="GET", path="/api/v1/version", handler=version),
    Operation(name="info", method="GET", path="/api/v1/info", handler=info),
    Operation(name="userinfo", method="GET", path="/api/v1/userinfo", handler=user),
)
