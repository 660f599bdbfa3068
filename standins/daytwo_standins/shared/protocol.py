"""uvicorn's HTTP protocol, with the connection handed to the application, so that faults can cut it."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from daytwo_standins.shared.fault_actions import TRANSPORT


class CuttableProtocol(HttpToolsProtocol):
    """Puts its transport into the scope of every request."""

    def on_message_begin(self) -> None:
        """A request has begun and its scope exists."""
        super().on_message_begin()
        extensions: dict[str, Any] = {TRANSPORT: self.transport}
        self.scope["extensions"] = extensions
