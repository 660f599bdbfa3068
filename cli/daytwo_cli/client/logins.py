"""Sessions of `daytwo login`, one per server, in the user's configuration folder (0600)."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from daytwo_cli.errors import CliError


class Login(BaseModel):
    """Who one is on a server."""

    model_config = ConfigDict(frozen=True)

    name: str
    cookies: dict[str, SecretStr]


class _Stored(BaseModel):
    current: str | None = None
    servers: dict[str, Login] = {}


class Logins:
    """The file. What cannot be read counts as empty: signing in again repairs it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @classmethod
    def of_user(cls, environment: Mapping[str, str]) -> "Logins":
        home = environment.get("XDG_CONFIG_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".config")
        return cls(Path(home) / "daytwo" / "logins.json")

    @property
    def current(self) -> str | None:
        """The server of the last login."""
        return self._read().current

    def get(self, server: str) -> Login | None:
        return self._read().servers.get(server)

    def put(self, server: str, login: Login) -> None:
        stored = self._read()
        self._write(_Stored(current=server, servers={**stored.servers, server: login}))

    def forget(self, server: str) -> None:
        stored = self._read()
        left = {name: login for name, login in stored.servers.items() if name != server}
        self._write(_Stored(current=None if stored.current == server else stored.current, servers=left))

    def _read(self) -> _Stored:
        try:
            return _Stored.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return _Stored()

    def _write(self, stored: _Stored) -> None:
        text = json.dumps(
            {"current": stored.current, "servers": {name: _plain(one) for name, one in stored.servers.items()}}
        )
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = self._file.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
            fresh.replace(self._file)
        except OSError as error:
            raise CliError(
                f"The login could not be kept in {self._file}: {error}. Nobody is signed in by it."
            ) from error


def _plain(login: Login) -> dict[str, object]:
    """With the secrets: this is the one place where they are written."""
    return {"name": login.name, "cookies": {name: value.get_secret_value() for name, value in login.cookies.items()}}
