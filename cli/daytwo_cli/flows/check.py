"""Actions against their pipelines: asked from a server, or from the CI systems directly with the settings of here."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from daytwo_actions.contracts.check import check_contracts
from daytwo_actions.definitions import DefinitionRejected, Surroundings
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.registry import load_registry
from daytwo_api.services.checks import view
from daytwo_api.views.pipelines import CheckView
from daytwo_catalog.errors import CatalogRejected
from daytwo_catalog.load import read_company
from daytwo_catalog.model import record
from daytwo_cli.client.api import Api
from daytwo_cli.errors import Usage
from daytwo_cli.exits import Exit
from daytwo_cli.show.out import Out
from daytwo_store.yaml12 import is_test_file
from daytwo_workflows.secret_files import SettingsRejected
from daytwo_workflows.services_entry import allowed_there, with_token
from daytwo_workflows.settings import Settings
from daytwo_workflows.wiring import build_backends

_MOST_BYTES: Final = 100_000  # of files in one request
_SUFFIXES: Final = frozenset({".yaml", ".yml"})


def by_server(api: Api, paths: Sequence[Path], connections: Sequence[str]) -> CheckView:
    """Registered actions, or the action files below the paths. Raises Refused, Unreachable, Usage."""
    files: list[dict[str, JsonValue]] = [{"name": str(path), "text": _text(path)} for path in _files(paths)]
    if paths and not files:
        raise Usage("There is no .yaml or .yml file there. Nothing was asked.")
    found = [_asked(api, batch, connections) for batch in _batches(files)]
    return CheckView(
        problems=[problem for one in found for problem in one.problems],
        actions=sum(one.actions for one in found),
        checked=sum(one.checked for one in found),
    )


def _asked(api: Api, files: list[dict[str, JsonValue]], connections: Sequence[str]) -> CheckView:
    body: dict[str, JsonValue] = {"files": [*files], "connections": [*connections]}
    return api.post("/check", CheckView, body, reads=True).view


def _batches(files: list[dict[str, JsonValue]]) -> Iterator[list[dict[str, JsonValue]]]:
    """As many files as fit into a request; without any, one request for what is registered."""
    batch: list[dict[str, JsonValue]] = []
    size = 0
    for file in files:
        weight = len(json.dumps(file))
        if batch and size + weight > _MOST_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += weight
    if batch or not files:
        yield batch


def directly(environment: Mapping[str, str], paths: Sequence[Path], connections: Sequence[str]) -> CheckView:
    """Without a server. Raises Usage when the settings cannot be used."""
    try:
        settings = Settings.read(environment)
        backends = build_backends(settings, settings.source(None), lambda *_: None, {})
    except SettingsRejected as rejected:
        raise Usage(rejected.detail) from None
    folders = list(paths) or list(settings.company)
    kinds = {name: backend.traits.kind for name, backend in backends.items()}
    around = Surroundings(
        connections=kinds, services=allowed_there(settings.services), tokens=with_token(settings.services)
    )
    meant = {name: one for name, one in backends.items() if not connections or name in connections}
    try:
        registry = load_registry(folders, surroundings=around)
        catalog = read_company([path for path in (*folders, *settings.company) if path.is_dir()])
        records = [record(draft) for draft in catalog.drafts.values()]
        versions = list(registry.actions.values())
        report = asyncio.run(check_contracts(versions, meant, records))
    except DefinitionRejected as rejected:
        return view(rejected.problems, actions=0, checked=0)
    except CatalogRejected as rejected:
        wrong = [Problem(str(one.file), one.line, one.column, one.detail.rstrip(".")) for one in rejected.problems]
        return view(wrong, actions=0, checked=0)
    finally:
        for backend in backends.values():
            backend.close()
    return view(report.problems, actions=len(versions), checked=report.checked)


def show(out: Out, found: CheckView) -> None:
    """Each with its place; what could not be checked at last."""
    for problem in sorted(found.problems, key=lambda one: one.severity == "note"):
        kind = "" if problem.severity == "error" else f"{problem.severity}: "
        advice = f" {problem.suggestion}" if problem.suggestion else ""
        place = f"{problem.file}:{problem.line}:{problem.column}"
        out.line(f"{place}: {kind}{problem.message}.{advice}")
    count = {kind: sum(one.severity == kind for one in found.problems) for kind in ("error", "warning", "note")}
    out.note(
        f"{_many(found.actions, 'action')}, {_many(found.checked, 'pipeline')} compared: "
        f"{_many(count['error'], 'error')}, {_many(count['warning'], 'warning')}, {count['note']} not checked."
    )


def exit_of(found: CheckView, *, strict: bool) -> Exit:
    """With `strict`, warnings and what could not be checked count too."""
    wrong = [one for one in found.problems if strict or one.severity == "error"]
    return Exit.FAILED if wrong else Exit.SUCCESS


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise Usage(f"There is no file or folder {path}. Nothing was asked.")
        found += (
            sorted(one for one in path.rglob("*") if one.suffix in _SUFFIXES and not is_test_file(one))
            if path.is_dir()
            else [path]
        )
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{path} cannot be read ({type(error).__name__}). Nothing was asked.") from None


def _many(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"
