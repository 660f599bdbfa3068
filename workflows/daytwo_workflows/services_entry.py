"""HTTP services as they stand under `services` in the file of settings: `http` and `check` steps call them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from daytwo_actions.backends.http.settings import safe_address
from daytwo_actions.services.sender import HttpService, ServiceSettings
from daytwo_workflows.secret_files import SettingsRejected, secret_text


class ServiceEntry(BaseModel):
    """One service. Who may run an action that calls it is a matter of the action."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(description="the service's address, as `https://pagerduty.example.com`")
    token_file: Path | None = Field(default=None, description="file with the token that is sent as `Bearer`")
    ca_file: Path | None = Field(
        default=None, description="file with the certificates that the service's is checked by"
    )
    secrets: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...] = Field(
        default=(), description="names of `secret_names` that steps may send there, as `secrets.NAME`"
    )

    @field_validator("address")
    @classmethod
    def _is_a_safe_address(cls, value: str) -> str:
        return safe_address(value)


def allowed_there(entries: Mapping[str, ServiceEntry]) -> dict[str, tuple[str, ...]]:
    """By service the names of the secrets that may be sent there: what a definition is checked by."""
    return {name: entry.secrets for name, entry in entries.items()}


def with_token(entries: Mapping[str, ServiceEntry]) -> frozenset[str]:
    """The services that have a token of their own."""
    return frozenset(name for name, entry in entries.items() if entry.token_file is not None)


def open_services(entries: Mapping[str, ServiceEntry], named: Mapping[str, str]) -> dict[str, HttpService]:
    """`named` are references of secrets by name. Raises `SettingsRejected`; asks nothing of anybody."""
    return {name: HttpService(_settings(name, entry, named)) for name, entry in entries.items()}


def _settings(name: str, entry: ServiceEntry, named: Mapping[str, str]) -> ServiceSettings:
    unknown = [one for one in entry.secrets if one not in named]
    if unknown:
        raise SettingsRejected(
            f"services.{name}.secrets names {unknown[0]}, and `secret_names` has no such name. Nothing was started."
        )
    file = entry.token_file
    try:
        return ServiceSettings(
            name=name,
            base=entry.address,
            token=SecretStr(secret_text(file, f"services.{name}.token_file")) if file is not None else None,
            ca_file=entry.ca_file,
            secrets={one: named[one] for one in entry.secrets},
        )
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise SettingsRejected(f"The service {name} cannot be used: {said}. Nothing was started.") from None
