"""The documentation is under test: complete against the code, its examples run, its links lead somewhere."""

import ast
import importlib
import json
import pkgutil
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, Final, get_args

import pytest
import typer
import yaml
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from daytwo_actions.action_tests import read_tests
from daytwo_actions.definitions.check import Surroundings
from daytwo_actions.definitions.load import load_action
from daytwo_actions.definitions.model import Action
from daytwo_actions.definitions.scopes import NAMES, Scope
from daytwo_actions.definitions.step_checks import RESERVED_STEPS
from daytwo_actions.expressions import Evaluator, parse_template
from daytwo_actions.expressions.names import FILTERS, FUNCTIONS, TESTS
from daytwo_actions.registry import load_registry
from daytwo_api.settings import ApiSettings
from daytwo_catalog.documents import EntityDocument
from daytwo_cli.app import build
from daytwo_cli.exits import MEANING, OF_RUN, Exit
from daytwo_forms.fields import FieldSpec, Format, Page, Value, Widget
from daytwo_store.errors import DaytwoError
from daytwo_store.notifications import Notice
from daytwo_store.settings import Windows
from daytwo_store.states import (
    APPROVAL_MOVES,
    ATTEMPT_MOVES,
    EXCEPTION_MOVES,
    FIRING_MOVES,
    GATE_ANSWER_MOVES,
    REACTION_MOVES,
    RUN_MOVES,
    STEP_MOVES,
    TASK_MOVES,
    ApprovalState,
    AttemptState,
    ExceptionState,
    ExternalStatus,
    FiringState,
    GateAnswerState,
    ReactionState,
    RunState,
    StepState,
    TaskState,
)
from daytwo_workflows.connections import ENTRIES, ConnectionEntry
from daytwo_workflows.connections.entry import Entry
from daytwo_workflows.event_sources import EventSourceEntry
from daytwo_workflows.notify.entry import Channel, RouteEntry, TextEntry
from daytwo_workflows.notify.texts import NAMES as TEXT_NAMES
from daytwo_workflows.oidc import OidcEntry
from daytwo_workflows.secret_sources.vault_entry import VaultEntry
from daytwo_workflows.services_entry import ServiceEntry
from daytwo_workflows.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[1]
REFERENCE: Final = ROOT / "docs/reference"
WEB_TESTS: Final = "forms/web/tests"
CODE: Final = ("actions", "api", "catalog", "cli", "forms", "standins", "store", "workflows")


def committed() -> list[Path]:
    """Files that git has."""
    argv = ["git", "ls-files", "-z"]
    names = subprocess.run(argv, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


PAGES: Final = [
    page
    for page in committed()
    if page.suffix == ".md" and "node_modules" not in page.parts and "versions" not in page.parts
]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def section(text: str, heading: str) -> str:
    """What stands below a heading, down to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,6}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no heading {heading!r}"
    return found[2]


def rows(text: str) -> list[list[str]]:
    """The cells of all tables in a text, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    heads = {index for index, line in enumerate(lines) if re.fullmatch(r"[|\s:-]+", line)}
    return [row for index, row in enumerate(cells) if index not in heads and index + 1 not in heads]


def prose(text: str) -> str:
    """Without code blocks."""
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)


def words(text: str) -> set[str]:
    """Everything between backticks, outside of code blocks."""
    return set(re.findall(r"`([^`]+)`", prose(text)))


# --- reference: settings ---------------------------------------------------------------------------------------------

SETTINGS: Final = (REFERENCE / "settings.md").read_text()


def default_of(model: type[BaseModel], name: str) -> str:
    value = model.model_fields[name].default
    if value is PydanticUndefined:
        return "required"
    return "none" if value in (None, (), {}) else f"`{value}`"


def test_every_setting_is_told_as_it_is() -> None:
    assert ApiSettings.model_fields.keys() == Settings.model_fields.keys(), (
        "a setting of the API alone has no table yet"
    )
    expected = [
        [
            f"`{name}`",
            "only in the file"
            if name in ("connections", "events", "notifications", "oidc", "secret_names", "services", "vault")
            else f"`DAYTWO_{name.upper()}`",
            default_of(Settings, name),
            str(field.description),
        ]
        for name, field in Settings.model_fields.items()
    ]
    assert rows(section(SETTINGS, "For every process")) == expected


def test_every_key_of_the_identity_provider_is_told_as_it_is() -> None:
    fields = OidcEntry.model_fields.items()
    expected = [[f"`{name}`", default_of(OidcEntry, name), str(field.description)] for name, field in fields]
    assert rows(section(SETTINGS, "The identity provider")) == expected


def test_every_key_of_vault_is_told_as_it_is() -> None:
    fields = VaultEntry.model_fields.items()
    expected = [[f"`{name}`", default_of(VaultEntry, name), str(field.description)] for name, field in fields]
    assert rows(section(SETTINGS, "Vault")) == expected


def test_every_key_of_a_service_is_told_as_it_is() -> None:
    fields = ServiceEntry.model_fields.items()
    expected = [[f"`{name}`", default_of(ServiceEntry, name), str(field.description)] for name, field in fields]
    assert rows(section(SETTINGS, "A service")) == expected


def test_every_key_of_a_source_of_events_is_told_as_it_is() -> None:
    fields = EventSourceEntry.model_fields.items()
    expected = [[f"`{name}`", default_of(EventSourceEntry, name), str(field.description)] for name, field in fields]
    assert rows(section(SETTINGS, "A source of events")) == expected


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_key_of_a_connection_is_told_as_it_is(entry: type[Entry]) -> None:
    kind = entry.model_fields["backend"].annotation
    told = rows(section(SETTINGS, f"`backend: {get_args(kind)[0]}`"))
    expected = [[f"`{name}`", default_of(entry, name), str(field.description)] for name, field in described(entry)]
    assert told == expected


def described(entry: type[Entry]) -> list[tuple[str, FieldInfo]]:
    return [(name, field) for name, field in entry.model_fields.items() if name != "backend"]


def test_every_kind_of_connection_is_told() -> None:
    annotated = get_args(ConnectionEntry)
    assert set(get_args(annotated[0]) if annotated else (ConnectionEntry,)) == set(ENTRIES)


def test_every_window_is_told_with_its_values() -> None:
    told = {row[0].strip("`"): row[1:3] for row in rows(section(SETTINGS, "Windows"))}
    expected = {
        name: [in_seconds(getattr(Windows.for_profile(profile), name)) for profile in ("default", "test")]
        for name in Windows.model_fields
    }
    assert told == expected


def in_seconds(value: timedelta | tuple[float, ...] | int) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{one:g}" for one in value)
    return f"{value.total_seconds():g}" if isinstance(value, timedelta) else str(value)


def test_every_variable_of_the_environment_is_told() -> None:
    used = {
        name
        for folder in CODE
        for file in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"\"(DAYTWO_[A-Z_]+)\"", file.read_text())
    }
    internal = {name for name in used if name.startswith("DAYTWO_STANDIN_")}  # from one part of the stand-in to another
    assert used - internal - words(SETTINGS) == set()


# --- reference: errors, exit codes, states ---------------------------------------------------------------------------


def every_error() -> list[type[DaytwoError]]:
    """The tree below DaytwoError, with every module of ours imported."""
    for folder in CODE:
        package = importlib.import_module(f"daytwo_{folder}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                importlib.import_module(module.name)
    found, todo = [], [DaytwoError]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += [child for child in one.__subclasses__() if child.__module__.startswith("daytwo_")]
    return found


def test_every_error_is_told_with_type_status_and_title() -> None:
    told = {row[3].strip("`"): row[:3] for row in rows((REFERENCE / "errors.md").read_text()) if len(row) == 5}
    expected = {error.__name__: [f"`{error.type}`", str(error.status), error.title] for error in every_error()}
    assert told == expected


def test_every_problem_of_the_http_layer_is_told() -> None:
    tree = ast.parse((ROOT / "api/daytwo_api/problems.py").read_text())
    made = {
        keyword.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "type" and isinstance(keyword.value, ast.Constant)
    }
    listed = {
        value.elts[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for value in node.values
        if isinstance(value, ast.Tuple) and isinstance(value.elts[0], ast.Constant)
    }
    assert made | listed | {"http"} <= words((REFERENCE / "errors.md").read_text())
    assert "invalid-request" in made
    assert "malformed" in listed


def test_every_exit_code_is_told() -> None:
    text = (REFERENCE / "exit-codes.md").read_text()
    codes = {row[1].strip("`"): (row[0], row[2]) for row in rows(text) if len(row) == 3}
    assert codes == {code.name: (str(int(code)), MEANING[code]) for code in Exit}
    ends = {row[0].strip("`"): row[1] for row in rows(text) if len(row) == 2}
    assert ends == {state: str(int(code)) for state, code in OF_RUN.items()}


STATES: Final = (
    ("A run", RunState, RUN_MOVES),
    ("A step", StepState, STEP_MOVES),
    ("An attempt", AttemptState, ATTEMPT_MOVES),
    ("An exception to a freeze", ExceptionState, EXCEPTION_MOVES),
    ("A time of a schedule", FiringState, FIRING_MOVES),
    ("What an event caused", ReactionState, REACTION_MOVES),
    ("An answer to a gate", GateAnswerState, GATE_ANSWER_MOVES),
    ("An approval", ApprovalState, APPROVAL_MOVES),
    ("A task", TaskState, TASK_MOVES),
)


@pytest.mark.parametrize(("heading", "kind", "moves"), STATES, ids=[heading for heading, *_ in STATES])
def test_every_state_is_told_with_its_moves(
    heading: str, kind: type[StrEnum], moves: Mapping[Any, frozenset[Any]]
) -> None:
    told = {row[0].strip("`"): words(row[2]) for row in rows(section((REFERENCE / "states.md").read_text(), heading))}
    assert told == {str(state): {str(after) for after in moves[state]} for state in kind}


def test_every_state_of_a_ci_system_is_told() -> None:
    told = rows(section((REFERENCE / "states.md").read_text(), "A run in the CI system, a job, a step of a job"))
    assert [row[0].strip("`") for row in told] == [str(state) for state in ExternalStatus]


def test_the_picture_of_a_run_shows_only_moves_that_there_are() -> None:
    picture = (ROOT / "docs/explanation/life-of-a-run.md").read_text()
    drawn = re.findall(r"^    (\w+) --> (\w+)", picture, re.MULTILINE)
    assert len(drawn) > 10
    assert all(RunState(after) in RUN_MOVES[RunState(before)] for before, after in drawn)
    assert {name for move in drawn for name in move} == {str(state) for state in RunState}


# --- reference: expressions, forms, action files ---------------------------------------------------------------------

EXPRESSIONS: Final = (REFERENCE / "expressions.md").read_text()


def test_every_function_filter_and_test_is_told() -> None:
    functions = {row[0].strip("`").partition("(")[0] for row in rows(section(EXPRESSIONS, "Functions"))}
    assert functions == FUNCTIONS.keys()
    filters = {row[0].strip("`").partition("(")[0] for row in rows(section(EXPRESSIONS, "Filters"))}
    assert filters == FILTERS.keys()
    assert words(section(EXPRESSIONS, "Tests")) == TESTS.keys()


def test_the_names_of_every_place_are_told() -> None:
    told = [words(row[1]) for row in rows(section(EXPRESSIONS, "Names")) if len(row) == 2][: len(Scope)]
    assert told == [set(NAMES[scope]) for scope in Scope]
    explained = {row[0].strip("`") for row in rows(section(EXPRESSIONS, "Names"))}
    assert {name for known in NAMES.values() for name in known} <= explained


def test_the_examples_of_expressions_give_what_they_say() -> None:
    text = section(EXPRESSIONS, "Examples")
    values = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert values
    context = json.loads(values[1])
    examples = [(row[0].strip("`"), json.loads(row[1].strip("`"))) for row in rows(text)]
    assert len(examples) > 10
    given = [(source, Evaluator().evaluate(parse_template(source), context)) for source, _ in examples]
    assert given == examples


def keys_of(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_every_key_of_a_form_is_told() -> None:
    told = words((REFERENCE / "forms.md").read_text())
    assert keys_of(Page) | keys_of(FieldSpec) <= told
    assert set(get_args(Widget)) | set(get_args(Format)) <= told


def models_below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        todo = [field.annotation]
        while todo:
            one = todo.pop()
            if isinstance(one, type) and issubclass(one, BaseModel):
                yield from models_below(one) if one not in (FieldSpec, Page, Value) else ()
            elif one not in (None, NoneType):
                todo += [inner for inner in get_args(one) if not isinstance(inner, str | int)]


def test_every_key_of_an_action_file_is_told() -> None:
    text = (REFERENCE / "action-files.md").read_text()
    wanted = {key for model in models_below(Action) for key in keys_of(model)}
    assert {"apiVersion", "count", "upsert", "timeout"} <= wanted
    assert wanted - words(text) == set()
    assert set(RESERVED_STEPS) <= words(text)


# --- what pages show is true -----------------------------------------------------------------------------------------


def blocks_of(page: Path, kind: str) -> list[tuple[str, str]]:
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [
        (str(page.relative_to(ROOT)), re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)) for indent, text in found
    ]


def blocks(kind: str) -> list[tuple[str, str]]:
    """Code blocks of a kind, with the page that they stand on."""
    return [block for page in PAGES for block in blocks_of(page, kind)]


def test_the_actions_on_pages_are_valid() -> None:
    kinds = load_registry([ROOT / "examples/catalog"]).kinds
    actions = [(page, text) for page, text in blocks("yaml") if re.search(r"^kind: Action$", text, re.MULTILINE)]
    assert actions
    for page, text in actions:
        load_action(
            text, page, surroundings=Surroundings(kinds=kinds, connections={"github": "github", "argo": "argo"})
        )


def test_the_tests_of_actions_on_pages_are_valid(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples/catalog", tmp_path / "catalog")
    shutil.copytree(ROOT / "examples/actions", tmp_path / "actions")
    loaded = []
    for number, (_, text) in enumerate(blocks("yaml")):
        if re.search(r"^kind: ActionTests$", text, re.MULTILINE):
            file = tmp_path / "actions" / f"page{number}.test.yml"
            file.write_text(text)
            loaded += read_tests([file])
    assert loaded
    actions = {str(name) for name in load_registry([tmp_path]).actions}
    assert {one.model.spec.action for one in loaded} <= actions


def test_the_entities_and_settings_on_pages_are_valid(tmp_path: Path) -> None:
    entities = [yaml.safe_load(text) for _, text in blocks("yaml") if "kind: Entity" in text]
    assert [EntityDocument.model_validate(one).metadata.name for one in entities] == ["shop"]
    checked = 0
    for _, text in blocks("yaml"):
        if re.search(r"^(connections|oidc):", text, re.MULTILINE):
            file = tmp_path / "daytwo.yaml"
            file.write_text(text)
            told = {"DAYTWO_CONFIG": str(file), "DAYTWO_DATABASE_URL": "postgresql:///x", "DAYTWO_SECRET_FILE": "key"}
            read = Settings.read(told)
            assert read.connections or read.oidc
            checked += 1
    assert checked >= 7


def shell_commands() -> Iterator[tuple[str, list[str]]]:
    """Lines of `daytwo` in shell blocks."""
    for page, text in blocks("sh"):
        for line in text.replace("\\\n", " ").splitlines():
            found = re.match(r"(?:docker compose exec api )?daytwo (.*?)(?:\s+#.*)?$", line.strip())
            if found:
                yield page, re.findall(r"\"[^\"]*\"|\S+", found[1])


def program() -> Any:
    """The command line as typer builds it; its groups have `commands`, its commands `params`."""
    return typer.main.get_command(build())


def test_the_commands_on_pages_exist_with_their_options() -> None:
    seen = set()
    for page, (name, *rest) in shell_commands():
        command, parts = program(), [name, *rest]
        while hasattr(command, "commands"):
            assert parts[0] in command.commands, f"{page}: daytwo {' '.join([name, *rest])}"
            command = command.commands[parts.pop(0)]
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        given = {part.split("=")[0] for part in parts if part.startswith("-")}
        assert given <= options, f"{page}: daytwo {name} has no {given - options}"
        seen.add(name)
    assert {"login", "run", "resolve", "validate", "tokens"} <= seen


def test_the_make_targets_on_pages_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        text = page.read_text()
        lines = re.findall(
            r"^\s*make ([a-z0-9 -]+)", "\n".join(block for _, block in blocks_of(page, "sh")), re.MULTILINE
        )
        lines += re.findall(r"`make ([a-z0-9 -]+)[`P]", text)
        assert {target for line in lines for target in line.split()} <= targets, page
    assert {"demo", "test", "up"} <= targets


def test_every_target_with_a_description_is_listed_by_make_help() -> None:
    described = set(re.findall(r"^([\w-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in said.splitlines()} == described
    assert {"demo", "e2e"} <= described


def test_every_command_is_told() -> None:
    told = words((ROOT / "cli/README.md").read_text())
    named = {part for entry in told for part in re.split(r"[ |]", entry)}
    assert {name for name, one in program().commands.items() if not one.hidden} <= named


# --- links and names -------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    plain = [re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@every_page
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{target} does not exist"
        if anchor:
            assert anchor in anchors(there), f"{target}: there is no such heading"


VENDORS: Final = {f"actions/{name}" for name in ("checkout", "upload-artifact", "download-artifact")}
FOLDERS: Final = (*CODE, "tests", "docs", "examples", "requirements", "life", "tables", "migrations")


@every_page
def test_every_file_that_is_named_exists(page: Path) -> None:
    roots = [ROOT, page.parent, ROOT / "workflows/daytwo_workflows", *(ROOT / name / f"daytwo_{name}" for name in CODE)]
    for word in words(page.read_text()) - VENDORS:
        if re.fullmatch(rf"({'|'.join(FOLDERS)})/[\w./-]+", word) and not re.search("NAME|versions/V", word):
            assert any((root / word).exists() for root in roots), f"{word} does not exist"


def test_what_the_page_promises_is_shown_by_tests_that_there_are() -> None:
    named = re.findall(r"`([\w/.]+)::([^`]+)`", (REFERENCE / "page.md").read_text())
    assert len(named) > 40
    for file, name in named:
        found = ROOT / ("tests" if file.endswith(".py") else WEB_TESTS) / file
        wanted = f"def {name}(" if file.endswith(".py") else f'"{name}"'
        assert wanted in found.read_text(), f"{file} has no test {name}"


def test_every_page_is_reached_from_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text() + (ROOT / "docs/decisions/README.md").read_text()
    names = [page.name for page in PAGES if page.is_relative_to(ROOT / "docs") and page.name != "README.md"]
    assert [name for name in names if f"/{name})" not in index and f"({name})" not in index] == []


def test_decisions_are_numbered_and_say_what_was_found() -> None:
    files = sorted(page for page in PAGES if page.parent == ROOT / "docs/decisions" and page.name != "README.md")
    assert [int(page.name[:4]) for page in files] == list(range(1, len(files) + 1))
    for page in files:
        text = page.read_text()
        assert text.startswith(f"# {page.name[:4]}: ")
        assert "## Decision" in text
        assert "## What was found" in text or "## Why" in text


# --- what no committed file may hold ---------------------------------------------------------------------------------

MACHINES: Final = tuple("/" + name + "/" for name in ("root", "work", "home/[a-z]+", "Users/[a-zA-Z]+"))
REGISTRIES: Final = tuple(
    name + r"\." + rest
    for name, rest in (
        ("files", r"pythonhosted\.org"),
        ("pypi", "org/simple"),
        ("registry", r"npmjs\.org"),
        ("test", "pypi"),
    )
)


def texts() -> Iterator[tuple[str, str]]:
    for file in committed():
        try:
            yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_no_file_names_a_machine_or_a_registry() -> None:
    wrong = re.compile("|".join(rf"(?<![\w.}}])(?:{one})" for one in (*MACHINES, *REGISTRIES)))
    found = {name: hit[0] for name, text in texts() if (hit := wrong.search(text))}
    assert found == {}


def test_no_file_holds_a_conflict_that_nobody_solved() -> None:
    marks = re.compile(r"^(?:<{7} |>{7} |={7}$)", re.MULTILINE)
    assert [name for name, text in texts() if marks.search(text)] == []


def test_locks_hold_no_addresses() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "://" not in text, lock
        assert "--index-url" not in text
        assert "--find-links" not in text
        names = re.findall(r"^[a-z0-9]", text, re.MULTILINE)
        pinned = re.findall(r"^[a-z0-9.-]+(?:\[[a-z,]+\])?==\S+.*\\\n    --hash=sha256:", text, re.MULTILINE)
        assert len(pinned) == len(names), f"{lock}: something is not pinned with a hash"
    npm = json.loads((ROOT / "forms/web/package-lock.json").read_text())
    packages = {name: one for name, one in npm["packages"].items() if name and not one.get("link")}
    assert [name for name, one in packages.items() if "resolved" in one] == []
    assert [name for name, one in packages.items() if "integrity" not in one] == []


def test_no_setting_has_a_secret_as_default() -> None:
    for model in (Settings, *ENTRIES):
        for name, field in model.model_fields.items():
            if field.annotation is SecretStr or name.endswith(("_file", "_files")):
                assert field.default in (PydanticUndefined, (), {}, None), name


# --- notifications ---------------------------------------------------------------------------------------------------

NOTIFICATIONS: Final = (ROOT / "docs/how-to/notifications.md").read_text()


def test_every_event_and_every_name_of_a_text_is_told() -> None:
    told = {word for row in rows(section(NOTIFICATIONS, "Events")) for word in re.findall(r"`([^`]+)`", row[0])}
    assert told == {str(notice) for notice in Notice}
    names = {row[0].strip("`"): row[1] for row in rows(section(NOTIFICATIONS, "Words"))}
    assert names == dict(TEXT_NAMES)


def kind_of(entry: type[BaseModel]) -> str:
    return str(get_args(entry.model_fields["kind"].annotation)[0])


def test_every_key_of_notifications_is_told_as_it_is() -> None:
    tables = rows(section(SETTINGS, "Notifications"))
    kinds = list(get_args(get_args(Channel)[0]))
    channel = [
        [
            f"`{name}`",
            ", ".join(f"`{kind_of(one)}`" for one in kinds if name in one.model_fields),
            default_of(next(one for one in kinds if name in one.model_fields), name),
            str(next(one for one in kinds if name in one.model_fields).model_fields[name].description),
        ]
        for name in dict.fromkeys(name for one in kinds for name in one.model_fields)
        if name != "kind"
    ]
    others = [
        [f"`{name}`", default_of(model, name), str(field.description)]
        for model in (RouteEntry, TextEntry)
        for name, field in model.model_fields.items()
    ]
    assert tables == channel + others
