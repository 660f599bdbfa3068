"""What configurations of stand-ins are made of: JSON or YAML files, checked when they are read.

Secret values may stand in the file, in an environment variable or in a file of their own.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=100)]


class Model(BaseModel):
    """A part of a configuration: nothing unknown, nothing changes, no input in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Secret(Model):
    """A secret value and where it comes from; exactly one of the three."""

    value: SecretStr | None = None
    env: str | None = None
    file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _text(cls, data: object) -> object:
        return {"value": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(source is not None for source in (self.value, self.env, self.file)) != 1:
            raise ValueError("give exactly one of value, env and file")
        return self

    def placed(self, folder: Path) -> Self:
        """The same, with a relative path of the file starting at a folder."""
        return self.model_copy(update={"file": folder / self.file}) if self.file else self

    def reveal(self) -> str:
        """The secret itself.

        Raises:
            ValueError: the variable or the file is not there or empty.
        """
        if self.value is not None:
            return self.value.get_secret_value()
        if self.env is not None:
            found, where = os.environ.get(self.env, ""), f"environment variable {self.env}"
        else:
            assert self.file is not None
            found = self.file.read_text(encoding="utf-8").strip() if self.file.exists() else ""
            where = f"file {self.file}"
        if not found:
            raise ValueError(f"The secret is missing: {where} is not set or empty. Set it and start again.")
        return found


def read_data(path: Path) -> Any:
    """What stands in a configuration file.

    Raises:
        ValueError: it cannot be read as JSON or YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"The configuration {path} cannot be read: {error}. Nothing was started.") from error
