"""What GitHub tells about Apps, their installations and their tokens.

https://docs.github.com/en/rest/apps/apps
"""

from collections.abc import Mapping
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from daytwo_actions.backends.wire.answer import Answer, server_time

_WITHOUT_A_CLOCK: Final = 600.0  # seconds that a token is used for when the answer tells no time of its own
_LONGEST: Final = 86_400.0

_KEY: Final = (
    "GitHub does not take the App's signature: compare app_id and app_key_file with the App's page, "
    "and this machine's clock with the time"
)
INSTALLATION_ADVICE: Final[Mapping[int, str]] = {
    401: _KEY,
    404: "The App is not installed there, or not for this repository, or was removed: install it for the repository",
}
TOKEN_ADVICE: Final[Mapping[int, str]] = {
    401: _KEY,
    403: "The installation is suspended, or the App may not do this: look at it in the owner's settings",
    404: "The App has no such installation (any more): install it again, or correct `installation`",
}


class _Vendor(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)


class App(_Vendor):
    """What we read of GitHub's schema `integration`."""

    slug: str = Field(pattern=r"^[A-Za-z0-9-]{1,100}$")


class Installation(_Vendor):
    id: int = Field(gt=0)


class InstallationToken(_Vendor):
    """A token may be of any length and shape, so only what cannot be a header is refused."""

    token: str = Field(pattern=r"^[\x21-\x7e]+$", repr=False)
    expires_at: AwareDatetime = Field(strict=False)


def bot_of(slug: str) -> str:
    """Whom the dispatches of an App come from."""
    return f"{slug}[bot]"


def lifetime(token: InstallationToken, answer: Answer) -> float:
    """Seconds that it is good for, by the vendor's clock and never by ours."""
    now = server_time(answer)
    if now is None:
        return _WITHOUT_A_CLOCK
    return max(0.0, min(_LONGEST, (token.expires_at - now).total_seconds()))
