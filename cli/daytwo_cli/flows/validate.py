"""Checking definitions on this machine, with the code that registers them.

`python -m daytwo_cli.flows.validate FOLDER` writes all of their schemas there, for `make generate`.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from daytwo_actions.action_tests import found_tests, read_tests
from daytwo_actions.definitions import DefinitionRejected
from daytwo_actions.publish import (
    action_schema_text,
    action_tests_schema,
    freeze_schema,
    schedule_schema,
    trigger_schema,
)
from daytwo_actions.registry import load_registry
from daytwo_catalog.documents import document_schema
from daytwo_catalog.errors import CatalogRejected
from daytwo_catalog.load import read_company
from daytwo_cli.show.out import Out
from daytwo_store.yaml12 import is_test_file

Which = Literal["action", "kind", "entity", "freeze", "schedule", "trigger", "test"]


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """One problem; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str
    suggestion: str | None


def problems_in(paths: Sequence[Path]) -> list[Place]:
    """Every problem, in the order of files and lines. Entities are checked against kinds in the same folders.

    Both readers tell what is wrong with a file as YAML; where the first has spoken, the second is not repeated.
    """
    tests, others = [path for path in paths if is_test_file(path)], [path for path in paths if not is_test_file(path)]
    found = [*_of_definitions(others), *_of_tests([*tests, *(path for path in others if path.is_dir())])]
    told = {(one.file, one.line, one.column) for one in found}
    also = _of_catalog([path for path in paths if path.is_dir()])
    return sorted([*found, *(one for one in also if (one.file, one.line, one.column) not in told)])


def show(out: Out, problems: Sequence[Place], *, after: str = "Nothing would be registered.") -> None:
    """Each with its line and a caret below its column."""
    for problem in problems:
        advice = f" {problem.suggestion}" if problem.suggestion else ""
        out.line(f"{problem.file}:{problem.line}:{problem.column}: {problem.message.rstrip('.')}.{advice}")
        if (line := _line(problem)) is not None:
            out.line(f"    {line}")
            out.line(f"    {' ' * (problem.column - 1)}^", style="red")
    out.note(f"{'1 problem' if len(problems) == 1 else f'{len(problems)} problems'}. {after}")


def to_json(problems: Sequence[Place]) -> str:
    return json.dumps({"problems": [asdict(problem) for problem in problems]})


def schema_text(which: Which) -> str:
    """JSON Schema 2020-12 of a document."""
    if which == "action":
        return action_schema_text()
    if which == "freeze":
        schema = freeze_schema()
    elif which == "schedule":
        schema = schedule_schema()
    elif which == "trigger":
        schema = trigger_schema()
    elif which == "test":
        schema = action_tests_schema()
    else:
        schema = document_schema(which)
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def places(rejected: DefinitionRejected) -> list[Place]:
    return sorted(Place(one.file, one.line, one.column, one.message, one.suggestion) for one in rejected.problems)


def _of_definitions(paths: Sequence[Path]) -> Iterator[Place]:
    try:
        load_registry(paths)
    except DefinitionRejected as rejected:
        yield from places(rejected)


def _of_tests(paths: Sequence[Path]) -> Iterator[Place]:
    try:
        read_tests(found_tests(paths))
    except DefinitionRejected as rejected:
        yield from places(rejected)


def _of_catalog(folders: Sequence[Path]) -> Iterator[Place]:
    try:
        read_company(folders)
    except CatalogRejected as rejected:
        for one in rejected.problems:
            homes = [folder / one.file for folder in folders if (folder / one.file).exists()]
            yield Place(str(homes[0] if homes else one.file), one.line, one.column, one.detail, None)


def _line(problem: Place) -> str | None:
    try:
        return Path(problem.file).read_text(errors="replace").split("\n")[problem.line - 1].expandtabs(1)
    except (OSError, IndexError):
        return None


if __name__ == "__main__":
    for each in get_args(Which):
        Path(sys.argv[1], f"{each}.schema.json").write_text(schema_text(each))
