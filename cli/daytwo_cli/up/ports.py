"""Free ports on loopback."""

import json
import socket
from pathlib import Path


def free_port() -> int:
    """A port that nobody listens on now. Somebody else may take it before it is used; then the start fails clearly."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a server could listen on it now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class PortBook:
    """Ports by name, the same at every start as long as they are free: links and bookmarks stay good."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        self._given: set[int] = set()

    def port(self, name: str, *, wanted: int = 0) -> int:
        """The port of `name`: the wanted one as it is, else the one of before, else a new one."""
        found = wanted or self._ports.get(name, 0)
        while not wanted and (found in self._given or not found or not is_free(found)):
            found = free_port()
        self._given.add(found)
        if self._ports.get(name) != found:
            self._ports[name] = found
            self._file.write_text(json.dumps(self._ports, indent=1))
        return found
