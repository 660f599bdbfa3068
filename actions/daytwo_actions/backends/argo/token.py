"""The token of a connection, read again when its file has changed: Kubernetes renews what it mounts."""

from pathlib import Path

from pydantic import SecretStr

from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.http.settings import visible
from daytwo_actions.masking import SHORTEST

_Stamp = tuple[int, int, int]


class Token:
    def __init__(self, settings: ArgoSettings) -> None:
        self._path = settings.token_file
        self._token = settings.token
        self._seen: _Stamp | None = None

    def value(self) -> str:
        """The token as it is now. A file that cannot be read, or holds no token, changes nothing."""
        if self._path is not None:
            self._look(self._path)
        return self._token.get_secret_value()

    def _look(self, path: Path) -> None:
        try:
            told = path.stat()
            stamp = (told.st_mtime_ns, told.st_size, told.st_ino)
            if stamp == self._seen:
                return
            text = path.read_text(encoding="utf-8").strip()
            if len(text) < SHORTEST:  # it could not be masked; no Kubernetes makes one like that
                return
            self._token = visible(SecretStr(text))
        except (OSError, ValueError):
            return
        self._seen = stamp
