"""Vault in the settings."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from daytwo_actions.backends.http.settings import safe_address


class VaultEntry(BaseModel):
    """Where Vault is, and what it knows us by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(description="Vault's address, as `https://vault.example.com:8200`")
    token_file: Path = Field(description="file with the token, as Vault's agent writes it; read each time")
    namespace: str | None = Field(default=None, description="Vault's namespace, where it has them")
    ca_file: Path | None = Field(default=None, description="file with the certificates that Vault's is checked by")
    engine: Literal[1, 2] = Field(default=2, description="version of the key/value engine")
    seconds: Annotated[float, Field(gt=0, le=30)] = Field(default=5.0, description="how long one answer may take")
    fresh_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=30.0, description="how long a value is used without asking again"
    )

    @field_validator("address")
    @classmethod
    def _is_a_safe_address(cls, value: str) -> str:
        return safe_address(value)
