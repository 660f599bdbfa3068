"""Where a GitLab connection goes, and as whom it dispatches there."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from daytwo_actions.backends.gitlab.wire.inputs import MOST_INPUTS
from daytwo_actions.backends.http.settings import HttpSettings, visible

SIGNING_PREFIX: Final = "whsec_"
_API: Final = "/api/v4"


class GitLabSettings(HttpSettings):
    """One connection to gitlab.com, to a GitLab of one's own (also below a path), or to the stand-in.

    `token` is an access token of a project, a group or a person.
    """

    kind: Literal["gitlab"] = "gitlab"
    base: str = "https://gitlab.com"  # where people reach it; the API's part of the path is ours
    # By project path. What is dispatched there goes by its trigger token, so that `token` needs only to read.
    trigger_tokens: Mapping[str, SecretStr] = {}
    # Two while one is being changed. When there is one, the plain secret of a webhook is not enough any more.
    signing_tokens: Annotated[tuple[SecretStr, ...], Field(max_length=2)] = ()
    # Whom our dispatches come from. Asked once when it is not given; the owner of a trigger token cannot be asked for.
    login: str | None = None
    # Offers to answer deployments that wait for approvals. Off, since GitLab lets nobody approve what they started
    # themselves unless the protected environment says so.
    approves_deployments: bool = False
    # Of one pipeline, the marker among them.
    max_inputs: Annotated[int, Field(ge=1, le=500)] = MOST_INPUTS

    def credentials(self) -> Iterator[str]:
        yield from super().credentials()
        for token in self.trigger_tokens.values():
            yield token.get_secret_value()

    def secrets(self) -> Iterator[str]:
        yield from super().secrets()
        for token in self.trigger_tokens.values():
            yield token.get_secret_value()

    @field_validator("base")
    @classmethod
    def _is_the_address_of_people(cls, value: str) -> str:
        return value.rstrip("/").removesuffix(_API)

    @field_validator("trigger_tokens")
    @classmethod
    def _can_be_sent(cls, value: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        return {project: visible(token) for project, token in value.items()}

    @field_validator("signing_tokens")
    @classmethod
    def _are_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for token in value:
            try:
                signing_key(token.get_secret_value())
            except ValueError:
                raise ValueError(f"has to be {SIGNING_PREFIX} and a key in base 64, as GitLab shows it once") from None
        return value

    @model_validator(mode="after")
    def _says_whose_triggers(self) -> Self:
        if self.trigger_tokens and self.login is None:
            raise ValueError("with trigger tokens, `login` has to be the user name of their owner")
        return self


def signing_key(token: str) -> bytes:
    """The key in a signing token. Raises `ValueError`."""
    if not token.startswith(SIGNING_PREFIX):
        raise ValueError("not a signing token")
    try:
        key = base64.b64decode(token.removeprefix(SIGNING_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("not a signing token") from None
    if len(key) < 16:
        raise ValueError("not a signing token")
    return key
