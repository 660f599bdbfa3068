"""Free ports on loopback."""

import socket


def free_port() -> int:
    """A port that nobody listens on now. Somebody else may take it before it is used; then the start fails clearly."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
