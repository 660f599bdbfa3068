"""Who am I, tokens, connections, health."""

from datetime import datetime

from pydantic import Field

from daytwo_api.views.common import Person, Request, ShortText, View


class Me(Person):
    groups: list[str]
    roles: list[str]
    permissions: list[str] = Field(description="what the roles open, as far as this session or token goes")
    scopes: list[str] = Field(description="what this session or token may do at most: read, run, approve, admin")
    sign_out: bool = Field(description="signed in by the page, so there is something to sign out of")


class SignInChoice(View):
    """One of the example people, offered on loopback only (`daytwo up`)."""

    name: str
    title: str
    about: str


class SignInProvider(View):
    """An identity provider; whoever goes to `path` is sent there, and comes back signed in."""

    title: str
    path: str


class SignInView(View):
    choices: list[SignInChoice]
    provider: SignInProvider | None = None


class SessionView(View):
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    this: bool = Field(description="it is the one that asks")


class Ended(View):
    sessions: int
    tokens: int
    delegations: int = Field(description="by which others decided for them")


class SignInRequest(Request):
    name: ShortText


class TokenRequest(Request):
    name: ShortText = Field(min_length=1)
    scopes: list[ShortText] = Field(
        default=["read"],
        min_length=1,
        max_length=50,
        description="read, run, approve, admin; run:<action> instead of run for named actions alone",
    )
    days: int | None = Field(
        default=None, ge=1, le=3650, description="30, or the most that the settings allow, when left out"
    )


class TokenView(View):
    id: str
    name: str
    scopes: list[str]
    owner: Person
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class TokenCreated(View):
    token: TokenView
    secret: str = Field(description="shown this once, stored hashed")


class ConnectionView(View):
    """Never a credential."""

    name: str
    backend: str
    title: str = Field(description="what people call such a CI system: 'GitHub'")
    address: str
    reachable: bool | None = Field(description="None before the first call of this process")
    last_error: str | None
    live_logs: bool = Field(description="logs are shown while a job runs; otherwise when it has ended")
    limit: int | None = Field(description="requests that the CI system allows in its period")
    budget_left: int | None = Field(description="of these, as it said last")
    resets_at: datetime | None
    held_until: datetime | None = Field(description="it has asked to wait: nothing is read or sent before that")
    requests: int = Field(description="that its poller's process made in the last hour")
    allowance: int | None = Field(description="requests an hour that the poller keeps to; None: not known yet")
    pace: float | None = Field(description="seconds between two looks at one repository")
    projects: int = Field(description="repositories with open runs")
    open_runs: int
    polled_at: datetime | None
    stream: str | None = Field(description="how its stream of events is; None: it has none")
    webhook_at: datetime | None = Field(description="when the last verified delivery came")


class WebhookView(View):
    """A verified delivery."""

    delivery: str
    event: str
    external_run: str
    run: str | None = Field(description="the run of ours that it is about")
    received_at: datetime
    consumed_at: datetime | None = Field(description="when a read had seen what it is about")


class RefusedWebhookView(View):
    """Deliveries that were refused for one reason from one address; their content is nowhere."""

    why: str
    source: str = Field(description="the address that they came from; behind a proxy, the proxy's")
    size: int = Field(description="bytes of the last one")
    times: int
    first_at: datetime
    last_at: datetime


class Part(View):
    name: str
    ok: bool
    detail: str


class Readiness(View):
    ready: bool
    parts: list[Part]
