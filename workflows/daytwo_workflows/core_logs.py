"""What the core of Temporal's library logs, which is not written in Python, comes as lines of ours.

Left alone it writes text of its own, in colours, into the same output: no JSON, and with the values in it.
"""

import logging
from typing import Final

from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

LOGGER: Final = "temporalio.core"


def forward_core_logs() -> None:
    """For all clients that this process makes from now on. Call it once, after `configure_logging`."""
    levels = TelemetryFilter(core_level="WARN", other_level="ERROR")  # as the library does by itself
    to_ours = LogForwardingConfig(logging.getLogger(LOGGER), append_log_fields_to_message=False)
    telemetry = TelemetryConfig(logging=LoggingConfig(filter=levels, forwarding=to_ours))
    Runtime.set_default(Runtime(telemetry=telemetry), error_if_already_set=False)
