"""The CI systems of a chaos house: the process of each stand-in, how the product reaches it, and where the truth is.

GitHub's is always there, as in `daytwo up`. GitLab's shows the same repositories, Argo's has one namespace for each
executor. Nothing that the product says counts here: only ledgers, and runs as their stand-in shows them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final
from urllib.parse import quote

import httpx
import yaml
from tests.chaos.harness.yard import ARGO_TEMPLATE, EXECUTORS

from daytwo_cli.up.company import OWNER
from daytwo_cli.up.house import House
from daytwo_cli.up.part import Program
from daytwo_cli.up.ports import PortBook
from daytwo_cli.up.standin import BOT, Kind, StandIn, place, program

STRANGER: Final = "mallory"  # somebody who may start pipelines, too
GONE: Final = "gone"
AGAIN: Final = "run again"
PLENTY: Final = 10_000_000  # requests: what limits are for is asked for by faults
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class System:
    """One of them. `name` is its connection, `part` the name of its process."""

    name: str
    part: str
    address: str
    control: str
    token: Path
    accepted: Path  # file with the token that it takes for ours; read when its process starts
    stranger: Path  # file with the token of somebody else
    ends: ClassVar[Mapping[str, str]]  # the vendor's words to GitHub's, which the oracle speaks
    noise: ClassVar[Sequence[str]]  # reads that may fail at any time
    logs: ClassVar[Sequence[str]]  # how a log is read

    def run_of(self, line: Mapping[str, Any]) -> str:
        """The id by which the product knows the run of a line of the ledger."""
        return str(line["run_id"])

    def script_of(self, line: Mapping[str, Any]) -> str:
        """The name by which the control interface knows it."""
        return str(line["run_id"])

    def events(self, line: Mapping[str, Any], conclusion: str, log: Sequence[str]) -> list[Json]:
        """A script in which the run ends so at once."""
        raise NotImplementedError

    def as_stranger(self) -> httpx.Client:
        """A client of its API that is not ours."""
        headers = {"Authorization": f"Bearer {self.stranger.read_text().strip()}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=30, trust_env=False)

    def conclusions(
        self, ledger: Sequence[Mapping[str, Any]], *, again: Sequence[Mapping[str, Any]] = ()
    ) -> dict[str, str | None]:
        """How each run has ended first, by `run_of`; None while it has not.

        `GONE` when it is not there any more. `AGAIN` when one of the lines `again` says that somebody had it run again,
        where the CI system shows only how it ends then.
        """
        headers = {"Authorization": f"Bearer {self.token.read_text().strip()}"}
        anew = {self._anew(line) for line in again}
        with httpx.Client(base_url=self.address, headers=headers, timeout=30, trust_env=False) as http:
            return {
                self.run_of(line): AGAIN if self.script_of(line) in anew else self._conclusion(http, line)
                for line in ledger
            }

    def _anew(self, line: Mapping[str, Any]) -> str | None:
        """Which run a line of the ledger says is run again, by `script_of`; None for other lines."""
        return None

    def _conclusion(self, http: httpx.Client, line: Mapping[str, Any]) -> str | None:
        raise NotImplementedError


class GitHub(System):
    ends = MappingProxyType({})
    noise = ("get_run", "list_runs", "list_workflow_runs", "list_jobs", "get_ref")
    logs = ("get_logs",)

    def events(self, line: Mapping[str, Any], conclusion: str, log: Sequence[str]) -> list[Json]:
        job = {"name": "deploy", "status": "completed", "conclusion": conclusion, "log": list(log)}
        return [{"status": "completed", "conclusion": conclusion, "jobs": [job]}]

    def _conclusion(self, http: httpx.Client, line: Mapping[str, Any]) -> str | None:
        answer = http.get(f"/repos/{line['repository']}/actions/runs/{line['run_id']}/attempts/1")
        return answer.json().get("conclusion") if answer.is_success else GONE


class GitLab(System):
    ends = MappingProxyType({"success": "success", "failed": "failure", "canceled": "cancelled", "skipped": "skipped"})
    noise = ("get_pipeline", "list_pipelines", "list_jobs", "get_commit")
    logs = ("get_trace",)

    def events(self, line: Mapping[str, Any], conclusion: str, log: Sequence[str]) -> list[Json]:
        status = _back(self.ends)[conclusion]
        return [{"status": status, "jobs": [{"name": "deploy", "status": status, "log": list(log)}]}]

    def _conclusion(self, http: httpx.Client, line: Mapping[str, Any]) -> str | None:
        answer = http.get(f"/api/v4/projects/{quote(line['repository'], safe='')}/pipelines/{line['run_id']}")
        return self.ends.get(answer.json()["status"]) if answer.is_success else GONE

    def _anew(self, line: Mapping[str, Any]) -> str | None:
        retried = line["kind"] == "order" and line["verb"] in ("retry", "retry_job")
        return str(line["run_id"]) if retried else None


class Argo(System):
    ends = MappingProxyType({"Succeeded": "success", "Failed": "failure", "Error": "failure"})
    noise = ("get_workflow", "list_workflows", "get_template")
    logs = ("logs", "pod_logs")

    def run_of(self, line: Mapping[str, Any]) -> str:
        return f"{line['name']}:{line['uid']}"

    def script_of(self, line: Mapping[str, Any]) -> str:
        return str(line["uid"])

    def events(self, line: Mapping[str, Any], conclusion: str, log: Sequence[str]) -> list[Json]:
        phase = _back(self.ends)[conclusion]
        return [{"phase": phase, "nodes": [{"name": line["name"], "phase": phase, "log": list(log)}]}]

    def _conclusion(self, http: httpx.Client, line: Mapping[str, Any]) -> str | None:
        answer = http.get(f"/api/v1/workflows/{line['namespace']}/{line['name']}")
        if not answer.is_success:
            answer = http.get(f"/api/v1/archived-workflows/{line['uid']}")
        if not answer.is_success:
            return GONE
        seen = answer.json()
        end = self.ends.get(seen.get("status", {}).get("phase", ""))
        stopped = end == "failure" and seen["spec"].get("shutdown")  # Argo has no word of its own for that
        return "cancelled" if stopped else end

    def _anew(self, line: Mapping[str, Any]) -> str | None:
        return str(line["uid"]) if line["kind"] == "rerun" else None


def github(house: House) -> System:
    return _system(GitHub, house, house.ci)


def more(house: House, names: Sequence[str]) -> tuple[list[System], list[Program]]:
    """Further systems: their configuration is written, their connections are added to the product's file."""
    ports = PortBook(house.folder / "ports.json")
    made = [_MORE[name](house, ports) for name in names]
    if made:
        file = house.folder / "daytwo.yaml"
        config = yaml.safe_load(file.read_text())
        config["connections"] |= {system.name: connection for system, _, connection in made}
        file.write_text(yaml.safe_dump(config, sort_keys=False))
    return [system for system, _, _ in made], [part for _, part, _ in made]


def _gitlab(house: House, ports: PortBook) -> tuple[System, Program, Json]:
    standin = place(Kind.GITLAB, house.folder, ports)
    secret = str(standin.webhook_secret_file)
    repositories = house.folder / "repositories" / OWNER
    projects = [
        {"full_path": f"{OWNER}/{name}", "path": str(repositories / name), "executor": executor}
        for name, executor in _PLAYED.items()
    ]
    config = {
        "tokens": tokens(house, standin, bot=True),
        "projects": projects,
        "webhooks": [{"url": house.product.webhook(standin.kind), "secret": {"file": secret}}],
        "rate_limit": PLENTY,
    }
    return _made(GitLab, house, standin, config, webhook_secret_files=[secret])


def _argo(house: House, ports: PortBook) -> tuple[System, Program, Json]:
    standin = place(Kind.ARGO, house.folder, ports)
    templates = house.folder / "argo-templates"
    templates.mkdir(exist_ok=True)
    (templates / "deploy.yaml").write_text(ARGO_TEMPLATE)
    config = {
        "tokens": tokens(house, standin),
        "namespaces": [
            {"name": name, "templates": str(templates), "executor": executor} for name, executor in _PLAYED.items()
        ],
        "rate_limit": PLENTY,
    }
    return _made(Argo, house, standin, config)


def _made(
    kind: type[System], house: House, standin: StandIn, config: Json, **more: Any
) -> tuple[System, Program, Json]:
    connection = {"backend": str(standin.kind), "address": standin.address, "token_file": str(standin.token_file)}
    return _system(kind, house, standin), program(house.folder, standin, config), {**connection, **more}


def tokens(house: House, standin: StandIn, **ours: Any) -> list[Json]:
    """Who may call a stand-in: we, with a token that can be revoked there, and a stranger."""
    accepted = _accepted(house, standin)
    if not accepted.exists():
        accepted.write_text(standin.token_file.read_text())
    stranger = house.folder.secret(f"{standin.kind}-{STRANGER}")
    return [
        {"login": BOT, "token": {"file": str(accepted)}, **ours},
        {"login": STRANGER, "token": {"file": str(stranger)}},
    ]


def _accepted(house: House, standin: StandIn) -> Path:
    return house.folder.root / "secrets" / f"{standin.kind}-accepted"


def _system(kind: type[System], house: House, standin: StandIn) -> System:
    return kind(
        name=str(standin.kind),
        part=f"{standin.kind.called} stand-in",
        address=standin.address,
        control=standin.control,
        token=standin.token_file,
        accepted=_accepted(house, standin),
        stranger=house.folder.secret(f"{standin.kind}-{STRANGER}"),
    )


def _back(table: Mapping[str, str]) -> dict[str, str]:
    return {ours: theirs for theirs, ours in reversed(table.items())}


_MORE: Final = {"gitlab": _gitlab, "argo": _argo}
_PLAYED: Final = {name: executor for name, executor in EXECUTORS.items() if name != "real"}  # nothing runs there
