"""What gitlab-ci-local makes of a configuration: its jobs, after includes, extends and rules."""

import asyncio
import json
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

import anyio

from daytwo_standins.gitlab import variables
from daytwo_standins.gitlab.ci_file import blueprint
from daytwo_standins.gitlab.command import environment, list_arguments
from daytwo_standins.gitlab.components import brought, taken_out
from daytwo_standins.gitlab.config import Project
from daytwo_standins.gitlab.ledger import Accepted
from daytwo_standins.gitlab.records import Blueprint
from daytwo_standins.gitlab.tools import Tools
from daytwo_standins.shared.checkout import work_tree
from daytwo_standins.shared.git import GitRepository
from daytwo_standins.shared.launcher import steps_path

_AT_ONCE = 2
_NOISE = ("parsing and downloads", "json schema", "Unable to retrieve", "Command failed", "fatal:", "Using fallback")


class ListingRefused(Exception):
    """The configuration is refused; the text says why."""


class Lister:
    """Asks gitlab-ci-local, in a work tree that is kept for each commit."""

    def __init__(self, folder: Path, tools: Tools, url: str, gits: Mapping[str, GitRepository]) -> None:
        self._folder = folder
        self._gits = gits
        self._tools = tools
        self._url = url
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._trees = asyncio.Lock()

    async def ask(self, accepted: Accepted, project: Project) -> tuple[Blueprint, str]:
        """The jobs of a pipeline and the expanded configuration. Without the tools: one job, which will say so.

        Raises:
            ListingRefused: gitlab-ci-local does not take the configuration.
        """
        told = variables.of_pipeline(accepted, project, self._url)
        if self._tools.missing:
            text = json.dumps({"stages": ["test"], "job": {"script": ["false"]}})
            listed = [{"name": "job", "stage": "test", "when": "on_success", "allow_failure": False}]
            return blueprint(listed, text, told), text
        async with self._room:
            tree = await self._tree(project, accepted.head_sha)
            place = self._folder / secrets.token_hex(8)
            copy = tree / f".{place.name}.yml"  # in the tree: what it includes is looked up from there
            place.mkdir(parents=True)
            try:
                config = await self._config(accepted, project, tree, copy)
                return await self._asked(accepted, tree, place, told, config)
            finally:
                shutil.rmtree(place, ignore_errors=True)
                copy.unlink(missing_ok=True)

    async def _config(self, accepted: Accepted, project: Project, tree: Path, copy: Path) -> str:
        """The file to list: its own, or a copy that names components of other projects as files."""
        text = await anyio.Path(tree / accepted.config_path).read_text(encoding="utf-8", errors="replace")
        async with self._trees:  # git lets one write its index
            changed = await brought(text, tree, self._gits, own=project.full_path)
        if changed == text:
            return accepted.config_path
        await anyio.Path(copy).write_text(changed, encoding="utf-8")
        return copy.name

    async def _asked(
        self, accepted: Accepted, tree: Path, place: Path, told: dict[str, str], config: str
    ) -> tuple[Blueprint, str]:
        inputs = place / "inputs.json"
        inputs.write_text(json.dumps(accepted.values), encoding="utf-8")
        arguments = list_arguments(
            node=self._tools.node,
            script=self._tools.script,
            file=config,
            inputs=inputs,
            variables=told,
        )
        state = f"../{place.name}/state"
        done = await anyio.run_process(
            [*arguments, f"--state-dir={state}"], check=False, cwd=tree, env=environment(place, steps_path())
        )
        if done.returncode != 0:
            raise ListingRefused(_said(done.stderr.decode(errors="replace")))
        listed = json.loads(done.stdout[done.stdout.index(b"[\n") :] if b"[\n" in done.stdout else b"[]")
        expanded = taken_out((place / "state" / "expanded-gitlab-ci.yml").read_text(encoding="utf-8"))
        return blueprint(listed, expanded, told), expanded

    async def _tree(self, project: Project, commit: str) -> Path:
        tree = self._folder / f"{project.number}-{commit}"
        async with self._trees:
            if not tree.exists():
                beside = self._folder / f".{tree.name}"
                shutil.rmtree(beside, ignore_errors=True)
                self._folder.mkdir(parents=True, exist_ok=True)
                await asyncio.to_thread(
                    work_tree,
                    source=str(project.path),
                    commit=commit,
                    target=beside,
                    path=steps_path(),
                    origin=f"{self._url}/{project.full_path}.git",
                )
                beside.rename(tree)
        return tree


def _said(errors: str) -> str:
    """The sentence that says why, without what gitlab-ci-local says besides."""
    lines = [line.strip() for line in errors.splitlines()]
    told = [line for line in lines if line and not line.startswith((*_NOISE, "at "))]
    return (told[0] if told else "gitlab-ci-local does not take the configuration").removeprefix("Error: ")[:1_000]
