"""Our own processes: migrations, worker and API, told by environment variables and one YAML file what they need.

Worker and API are started at once: they wait for what is not there yet, and importing their libraries takes longer than
everything that they wait for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from daytwo_cli.up.child import Command
from daytwo_cli.up.environment import inherited, python
from daytwo_cli.up.folder import DataFolder
from daytwo_cli.up.part import Errand, Program
from daytwo_cli.up.probes import answers, says
from daytwo_store.keyring import KeyRing
from daytwo_workflows.key_file import new_key, write_ring

CONFIG_FILE = "daytwo.yaml"
KEY = "key"
AUDIT_KEY = "audit-key"
ALERTS = "alertmanager"  # the source of events, and the file with its token
KEY_RING = "key-ring.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """What all of our processes have in common."""

    folder: DataFolder
    database_url: str
    temporal_address: str
    api_port: int
    profile: str = "default"

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    def webhook(self, connection: str) -> str:
        """Where a CI system sends its events to."""
        return f"{self.page}/api/v1/webhooks/{connection}"

    def configure(
        self,
        definitions: Sequence[Path],
        connections: Mapping[str, Mapping[str, Any]],
        *,
        services: Mapping[str, str],
        oidc: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the configuration file; secrets stand in it by the names of their files.

        Steps may ask `services` by name, and an Alertmanager may tell of alerts with the token in our folder.
        With `oidc` people sign in there; otherwise everybody may be anybody of the company.
        """
        text = yaml.safe_dump(
            {
                "public_url": self.page,
                "company": [str(folder) for folder in definitions],
                "connections": {name: dict(one) for name, one in connections.items()},
                "services": {name: {"address": address} for name, address in services.items()},
                "events": {ALERTS: {"token_files": [str(self.folder.secret(ALERTS))]}},
                **({"sign_in": "people"} if oidc is None else {"sign_in": "oidc", "oidc": dict(oidc)}),
                "key_ring_file": str(self._key_ring()),
                "audit_key_file": str(self.folder.secret(AUDIT_KEY)),
                "audit_checkpoints": str(self.folder / "audit-checkpoints.jsonl"),
            },
            sort_keys=False,
        )
        self._config.write_text(f"# Written by `daytwo up` at every start.\n{text}")

    def _key_ring(self) -> Path:
        """Made once, with its first key."""
        path = self.folder / "secrets" / KEY_RING
        if not path.exists():
            write_ring(path, new_key(KeyRing(None, {}), datetime.now(UTC))[1])
        return path

    @property
    def _config(self) -> Path:
        return self.folder / CONFIG_FILE

    def environment(self) -> dict[str, str]:
        """What `daytwo serve` and `daytwo migrate` read, too."""
        return inherited(
            DAYTWO_DATABASE_URL=self.database_url,
            DAYTWO_TEMPORAL_ADDRESS=self.temporal_address,
            DAYTWO_TEMPORAL_NAMESPACE="default",
            DAYTWO_CONFIG=str(self._config),
            DAYTWO_SECRET_FILE=str(self.folder.secret(KEY)),
            DAYTWO_API_HOST="127.0.0.1",
            DAYTWO_API_PORT=str(self.api_port),
            DAYTWO_PROFILE=self.profile,
        )

    def migrations(self) -> Errand:
        return Errand(
            self._command("migrations", "daytwo_store.migrate"),
            after=["PostgreSQL"],
            advice="The data is as it was. A newer Daytwo may have written it: start that one, or give another --data.",
        )

    def api(self, *, after: Sequence[str] = ()) -> Program:
        return Program(
            self._command("API", "daytwo_api"),
            ready=lambda _: answers(f"{self.page}/livez"),
            address=self.page,
            after=list(after),
            advice="If the port is taken by another program, start again without --port, or with another one.",
        )

    def worker(self, number: int) -> Program:
        """The first is called `worker`. It says in its log when it takes work."""
        command = self._command("worker" if number == 1 else f"worker-{number}", "daytwo_workflows")
        return Program(
            command,
            ready=lambda mark: says(command.log, r"worker\.ready", mark),
            grace=25,
        )

    def _command(self, name: str, module: str) -> Command:
        return Command(name=name, argv=python("-m", module), log=self.folder.log(name), env=self.environment())
