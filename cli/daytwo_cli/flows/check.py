"""Actions against their pipelines: asked from a server, or from the CI systems directly with the settings of here."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from daytwo_actions.contracts.check import check_contracts
from daytwo_actions.definitions import DefinitionRejected, Surroundings
from daytwo_actions.definitions.errors import Problem, place
from daytwo_actions.definitions.policy_file import Policy
from daytwo_actions.policy_files import read_policy_files
from daytwo_actions.registry import Registry, load_registry
from daytwo_api.services.checks import view
from daytwo_api.views.pipelines import CheckView
from daytwo_catalog.errors import CatalogRejected
from daytwo_catalog.load import read_company
from daytwo_catalog.model import record
from daytwo_cli.client.api import Api
from daytwo_cli.errors import Usage
from daytwo_cli.exits import Exit
from daytwo_cli.flows.definition_files import files_below, text_of
from daytwo_cli.show.out import Out
from daytwo_store.entities import Draft
from daytwo_workflows.editors import last_edits
from daytwo_workflows.secret_files import SettingsRejected
from daytwo_workflows.services_entry import allowed_there, with_token
from daytwo_workflows.settings import Settings
from daytwo_workflows.whose import editor_of, unknown_editors
from daytwo_workflows.wiring import build_backends

_MOST_BYTES: Final = 100_000  # of files in one request


def by_server(api: Api, paths: Sequence[Path], connections: Sequence[str]) -> CheckView:
    """Registered actions, or the action files below the paths. Raises Refused, Unreachable, Usage."""
    files: list[dict[str, JsonValue]] = [{"name": str(path), "text": text_of(path)} for path in files_below(paths)]
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
        backends = build_backends(settings, settings.source(None), lambda *_: None, {}, None)
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
        policy = registry.policy or read_policy_files(settings.company).policy()
        unknown = asyncio.run(_unknown_editors(registry, policy, catalog.drafts.values()))
    except DefinitionRejected as rejected:
        return view(rejected.problems, actions=0, checked=0)
    except CatalogRejected as rejected:
        wrong = [Problem(str(one.file), one.line, one.column, one.detail.rstrip(".")) for one in rejected.problems]
        return view(wrong, actions=0, checked=0)
    finally:
        for backend in backends.values():
            backend.close()
    return view([*report.problems, *unknown], actions=len(versions), checked=report.checked)


async def _unknown_editors(registry: Registry, policy: Policy | None, drafts: Iterable[Draft]) -> list[Problem]:
    """What a start would refuse, where the policy wants to know who last changed a file."""
    if policy is None or not policy.editor_must_be_known:
        return []
    everybody = [one for one in drafts if one.kind == "person"]

    async def people(email: str) -> list[str]:
        return [str(one.ref) for one in everybody if one.properties.get("email") == email]

    edits = await asyncio.to_thread(last_edits, registry.edited_files())
    editors = {file: await editor_of(edit, people, policy) for file, edit in edits.items()}
    return unknown_editors(editors, policy)


def show(out: Out, found: CheckView) -> None:
    """Each with its place; what could not be checked at last."""
    for problem in sorted(found.problems, key=lambda one: one.severity == "note"):
        kind = "" if problem.severity == "error" else f"{problem.severity}: "
        advice = f" {problem.suggestion}" if problem.suggestion else ""
        where = place(problem.file, problem.line, problem.column, problem.pointer)
        out.line(f"{where}: {kind}{problem.message}.{advice}")
    count = {kind: sum(one.severity == kind for one in found.problems) for kind in ("error", "warning", "note")}
    out.note(
        f"{_many(found.actions, 'action')}, {_many(found.checked, 'pipeline')} compared: "
        f"{_many(count['error'], 'error')}, {_many(count['warning'], 'warning')}, {count['note']} not checked."
    )


def exit_of(found: CheckView, *, strict: bool) -> Exit:
    """With `strict`, warnings and what could not be checked count too."""
    wrong = [one for one in found.problems if strict or one.severity == "error"]
    return Exit.FAILED if wrong else Exit.SUCCESS


def _many(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"
