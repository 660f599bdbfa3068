"""What a browser keeps between going to the identity provider and coming back: a cookie with a random text.

State, nonce and verifier follow from the cookie under our key, so nothing of a sign-in that may never be finished has
to be stored, any of our processes can finish it, and a changed cookie has another state than the provider gives back.
"""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

from daytwo_actions.backends.identity.provider import Secrets

COOKIE: Final = "daytwo_signing_in"
SECONDS: Final = 600  # that a sign-in may take
_WHOLE: Final = re.compile(r"(\d{1,12})\.[A-Za-z0-9_-]{43}\.([A-Za-z0-9_-]{0,2000})")
_OURS: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,1000}")  # no scheme, no host, no control characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    cookie: str
    secrets: Secrets
    back_to: str  # a path of our own page


def own_path(asked: str) -> str:
    """The path if it is one of our page, else the page's beginning. A redirect goes nowhere else."""
    return asked if _OURS.fullmatch(asked) and not asked.startswith("/api/") else "/"


def new_ticket(key: bytes, *, back_to: str, now: float) -> Ticket:
    path = base64.urlsafe_b64encode(own_path(back_to).encode()).decode().rstrip("=")
    return _ticket(key, f"{int(now) + SECONDS}.{secrets.token_urlsafe(32)}.{path}", back_to=own_path(back_to))


def read_ticket(key: bytes, cookie: str, *, state: str, now: float) -> Ticket | None:
    """The ticket in the cookie, if the state that came back is its own and it is still good."""
    whole = _WHOLE.fullmatch(cookie)
    if whole is None or int(whole[1]) <= now:
        return None
    try:
        path = base64.urlsafe_b64decode(whole[2] + "=" * (-len(whole[2]) % 4)).decode()
    except ValueError:
        return None
    ticket = _ticket(key, cookie, back_to=own_path(path))
    return ticket if hmac.compare_digest(ticket.secrets.state.encode(), state.encode(errors="replace")) else None


def _ticket(key: bytes, cookie: str, *, back_to: str) -> Ticket:
    state, nonce, verifier = (_derived(key, cookie, purpose) for purpose in ("state", "nonce", "verifier"))
    return Ticket(cookie=cookie, secrets=Secrets(state=state, nonce=nonce, verifier=verifier), back_to=back_to)


def _derived(key: bytes, cookie: str, purpose: str) -> str:
    digest = hmac.digest(key, f"{purpose} {cookie}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
