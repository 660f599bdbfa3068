"""What an environment tells the shop: lines `NAME=value` in the file named by SETTINGS_FILE."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class MissingSetting(Exception):
    """The environment does not say something that the shop cannot do without."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the setting {name} is missing; add a line {name}=... to this environment's settings.env")


@dataclass(frozen=True)
class Settings:
    environment: str
    currency: str


def settings(values: Mapping[str, str], environment: str) -> Settings:
    """The checked settings. Raises MissingSetting."""
    if not values.get("CURRENCY"):
        raise MissingSetting("CURRENCY")
    return Settings(environment=environment, currency=values["CURRENCY"])


def of_process() -> Settings:
    """The settings of this process. Raises MissingSetting."""
    return settings(_lines(os.environ.get("SETTINGS_FILE", "")), os.environ.get("ENVIRONMENT", "nowhere"))


def _lines(file: str) -> dict[str, str]:
    if not file or not Path(file).is_file():
        return {}
    pairs = (line.partition("=") for line in Path(file).read_text(encoding="utf-8").splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip() and not name.startswith("#")}
