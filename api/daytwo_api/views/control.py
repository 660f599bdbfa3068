"""Who am I, tokens, connections, locks, health."""

from datetime import datetime

from pydantic import Field

from daytwo_api.views.common import Person, Request, ShortText, View


class Me(Person):
    groups: list[str]
    roles: list[str]
    scopes: list[str] = Field(description="what this session or token may do at most: read, run, approve, admin")
    sign_out: bool = Field(description="signed in by the page, so there is something to sign out of")


class SignInChoice(View):
    """One of the example people, offered on loopback only (`daytwo up`)."""

    name: str
    title: str
    about: str


class SignInView(View):
    choices: list[SignInChoice]


class SignInRequest(Request):
    name: ShortText


class TokenRequest(Request):
    name: ShortText = Field(min_length=1)
    scopes: list[ShortText] = Field(default=["read"], min_length=1)
    days: int = Field(default=30, ge=1, le=365)


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
    address: str
    reachable: bool | None = Field(description="None before the first call")
    budget_left: int | None
    last_error: str | None


class LockRow(View):
    key: str
    holder_run: str
    fence: int
    since: datetime
    queued: list[str]


class AuditEntry(View):
    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    facts: dict[str, str]
    hash: str


class Part(View):
    name: str
    ok: bool
    detail: str


class Readiness(View):
    ready: bool
    parts: list[Part]
