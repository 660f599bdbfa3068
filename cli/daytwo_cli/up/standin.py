"""A stand-in for a CI system as a part of the house: where it answers, what lets one in, how it is started."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from daytwo_cli.up.child import Command
from daytwo_cli.up.environment import inherited, python
from daytwo_cli.up.folder import DataFolder
from daytwo_cli.up.part import Program
from daytwo_cli.up.ports import PortBook
from daytwo_cli.up.probes import announced, announcement
from daytwo_standins.shared.contract import SETTING

BOT = "daytwo-bot"


class Kind(StrEnum):
    """The kinds there are; each is also the name of its backend and of its connection."""

    GITHUB = "github"
    GITLAB = "gitlab"
    ARGO = "argo"

    @property
    def called(self) -> str:
        """By people."""
        return {Kind.GITHUB: "GitHub", Kind.GITLAB: "GitLab", Kind.ARGO: "Argo"}[self]


@dataclass(frozen=True, kw_only=True, slots=True)
class StandIn:
    """Where it answers, and the files that hold what one has to know to be let in."""

    kind: Kind
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


def place(kind: Kind, folder: DataFolder, ports: PortBook) -> StandIn:
    """Its ports and secrets, the same at every start."""
    return StandIn(
        kind=kind,
        port=ports.port(kind),
        control_port=ports.port(f"{kind} control"),
        token_file=folder.secret(f"{kind}-token"),
        webhook_secret_file=folder.secret(f"{kind}-webhook"),
    )


def program(folder: DataFolder, standin: StandIn, config: Mapping[str, Any]) -> Program:
    """The process. Its detached runners outlive it, as pipelines outlive a restart of their CI system."""
    kind = standin.kind
    file, said = folder / f"{kind}.json", _said(folder, kind)
    file.write_text(json.dumps(config, indent=1))
    listen = ["--port", str(standin.port), "--control-port", str(standin.control_port)]
    return Program(
        Command(
            name=f"{kind.called} stand-in",
            argv=python("-m", f"daytwo_standins.{kind}", "--data", folder / kind, *listen, "--config", file),
            log=folder.log(kind),
            announcement=said,
            env=inherited(**_descriptions()),
            detaches=True,
        ),
        ready=lambda _: announced(said),
        after=["repositories"],
        address=standin.address,
    )


def contract(folder: DataFolder, kind: Kind) -> str:
    """Whether a running one holds requests and answers against the vendor's description of its API, as a sentence."""
    return str(announcement(_said(folder, kind)).get("contract", ""))


def _said(folder: DataFolder, kind: Kind) -> Path:
    return folder / f"{kind}.said"


def _descriptions() -> dict[str, str]:
    """Where the vendors' descriptions are, if whoever started us has said so; else a stand-in looks for them."""
    named = os.environ.get(SETTING)
    return {} if named is None else {SETTING: named}
