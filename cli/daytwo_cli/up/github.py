"""The GitHub stand-in as a part of the house: the company's repositories, one token, webhooks to our API."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daytwo_cli.up.child import Command
from daytwo_cli.up.company import OWNER, Company
from daytwo_cli.up.environment import inherited, python
from daytwo_cli.up.folder import DataFolder
from daytwo_cli.up.part import Program
from daytwo_cli.up.ports import PortBook
from daytwo_cli.up.probes import announced

BOT = "daytwo-bot"
TOKEN = "github-token"  # noqa: S105 - the name of a file
WEBHOOK_SECRET = "github-webhook"  # noqa: S105 - the name of a file


@dataclass(frozen=True, kw_only=True, slots=True)
class GitHub:
    """Where it answers, and the files that hold what one has to know to be let in."""

    port: int
    control_port: int
    token_file: Path
    webhook_secret_file: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def control(self) -> str:
        """Of its control interface, with the ledger of what was really dispatched. Not for the product."""
        return f"http://127.0.0.1:{self.control_port}"


def place(folder: DataFolder, ports: PortBook) -> GitHub:
    return GitHub(
        port=ports.port("github"),
        control_port=ports.port("github control"),
        token_file=folder.secret(TOKEN),
        webhook_secret_file=folder.secret(WEBHOOK_SECRET),
    )


def part(folder: DataFolder, company: Company, github: GitHub, *, webhook: str | None) -> Program:
    """The process. Its detached runners outlive it, as pipelines outlive a restart of GitHub."""
    config, said = folder / "github.json", folder / "github.said"
    config.write_text(json.dumps(_config(company, github, webhook=webhook), indent=1))
    listen = ["--port", str(github.port), "--control-port", str(github.control_port)]
    argv: Sequence[str] = python(
        "-m", "daytwo_standins.github", "--data", folder / "github", *listen, "--config", config
    )
    return Program(
        Command(
            name="GitHub stand-in",
            argv=argv,
            log=folder.log("github"),
            announcement=said,
            env=inherited(),
            detaches=True,
        ),
        ready=lambda _: announced(said),
        after=["repositories"],
        address=github.address,
    )


def _config(company: Company, github: GitHub, *, webhook: str | None) -> dict[str, Any]:
    repositories = [
        {
            "full_name": f"{OWNER}/{service}",
            "path": str(company.repository(service)),
            "vars": dict(company.variables(service)),
            "environments": sorted(company.machines.environments),
        }
        for service in company.services
    ]
    targets = [{"url": webhook, "secret": {"file": str(github.webhook_secret_file)}}] if webhook else []
    return {
        "accounts": [{"login": OWNER}],
        "tokens": [{"login": BOT, "type": "Bot", "token": {"file": str(github.token_file)}}],
        "repositories": repositories,
        "webhooks": targets,
    }
