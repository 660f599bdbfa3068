"""The identity provider in the settings. There is no default secret, and none stands in the file itself."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from daytwo_actions.backends.http.settings import safe_address
from daytwo_workflows.secret_files import SettingsRejected, secret_text

_SUBJECT: Final = "subject"
UNATTENDED_DAYS: Final = 90
# People can change these by themselves, or get those of somebody who has left: they identify nobody.
_NAMES_NOBODY: Final = frozenset(
    {"email", "preferred_username", "username", "name", "nickname", "given_name", "family_name", "upn", "phone_number"}
)
_CLAIM: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,100}")
GroupRef = Annotated[str, Field(pattern=r"^group:[a-z0-9][a-z0-9._-]*$", max_length=200)]
Scope = Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$")]


class OidcEntry(BaseModel):
    """An OpenID provider, what it knows us as, and how its people are found in the catalog."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(description="the provider's issuer, to the letter")
    client_id: Annotated[str, Field(min_length=1, max_length=255)] = Field(description="what the provider knows us as")
    client_secret_file: Path = Field(description="file with the secret that the provider gave us")
    title: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        default="your company", description="what the page calls it: 'Sign in with …'"
    )
    scopes: tuple[Scope, ...] = Field(default=("openid",), description="what is asked for; `openid` has to be among it")
    person_property: str | None = Field(
        default=None,
        description="property of persons in the catalog that holds their subject (`sub`); `subject` by default",
    )
    person_claim: str | None = Field(
        default=None, description="instead: claim with the name of their person in the catalog, without `person:`"
    )

    groups_claim: str | None = Field(
        default=None,
        description="claim with the groups of a person; they then come from there and not from the catalog",
    )
    groups: Mapping[Annotated[str, Field(min_length=1, max_length=200)], GroupRef] | None = Field(
        default=None,
        description="which value of the claim is which group, as `ops-team: group:sre`; by default a value is the name "
        "of a group",
    )

    grace_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        default=60,
        description="for so many minutes the groups that it told of somebody let them in while it cannot be asked "
        "again, because it does not answer or gives no refresh token; then the sessions and tokens of that person are "
        "good for nothing until it was, or until they sign in again",
    )
    unattended_days: Annotated[int, Field(ge=1, le=400)] = Field(
        default=UNATTENDED_DAYS,
        description="for so many days after it was last heard of somebody, with `groups_claim`, their schedules and "
        "triggers begin runs; then these wait until it is heard of them again",
    )

    @field_validator("issuer")
    @classmethod
    def _is_a_safe_address(cls, value: str) -> str:
        safe_address(value)
        return value  # with its slash, if it has one

    @field_validator("scopes")
    @classmethod
    def _asks_for_an_identity(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in value:
            raise ValueError("has to have openid among them")
        return value

    @field_validator("groups_claim")
    @classmethod
    def _is_a_claim(cls, value: str | None) -> str | None:
        if value is not None and not _CLAIM.fullmatch(value):
            raise ValueError("has to be the name of a claim")
        return value

    @field_validator("person_claim")
    @classmethod
    def _identifies(cls, value: str | None) -> str | None:
        if value is not None and (value.lower() in _NAMES_NOBODY or not _CLAIM.fullmatch(value)):
            raise ValueError(
                "has to be a claim that only the provider's administrators can change: no name and no e-mail address"
            )
        return value

    @model_validator(mode="after")
    def _finds_people_in_one_way(self) -> Self:
        if self.person_claim is not None and self.person_property is not None:
            raise ValueError("person_claim and person_property are two ways to find a person: leave one out")
        if self.groups is not None and self.groups_claim is None:
            raise ValueError("`groups` says what the values of `groups_claim` mean: set that, or leave `groups` out")
        return self

    @property
    def found_by(self) -> str | None:
        """The property that holds the subject; None where a claim names the person."""
        return None if self.person_claim is not None else self.person_property or _SUBJECT

    @property
    def grace(self) -> timedelta:
        return timedelta(minutes=self.grace_minutes)

    def secret(self) -> SecretStr:
        """Raises `SettingsRejected`."""
        secret = secret_text(self.client_secret_file, "oidc.client_secret_file")
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise SettingsRejected(
                f"The file of oidc.client_secret_file ({self.client_secret_file}) holds something else than a secret: "
                "visible ASCII characters without spaces. Nothing was started."
            )
        return SecretStr(secret)
