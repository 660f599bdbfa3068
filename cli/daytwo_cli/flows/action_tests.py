"""`daytwo test`: tests of actions, played on this machine alone."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from daytwo_actions.action_tests import LoadedTests, found_tests, read_tests
from daytwo_catalog.errors import CatalogRejected
from daytwo_cli.errors import CliError, Usage
from daytwo_cli.exits import Exit
from daytwo_cli.show.out import Out
from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_store import migrate
from daytwo_store.event_loop import loop_factory
from daytwo_store.logging import configure_logging
from daytwo_workflows.action_tests.play import Played, play
from daytwo_workflows.action_tests.server import NoTestServer, find_test_server, skipping_server
from daytwo_workflows.action_tests.stage import Stage
from daytwo_workflows.core_logs import forward_core_logs

Chosen = Sequence[tuple[LoadedTests, int]]
_STYLE: Final = {"-": "red", "+": "green"}


def chosen_tests(paths: Sequence[Path], word: str | None) -> list[tuple[LoadedTests, int]]:
    """The tests in these files and folders whose name, or whose file's, has the word in it.

    Raises `DefinitionRejected` with every problem of the files, and `Usage` when nothing is left.
    """
    for path in paths:
        if not path.exists():
            raise Usage(f"There is no file or folder {path}. No test was played.")
    loaded = read_tests(found_tests(paths))
    every = [(one, number) for one in loaded for number in range(len(one.model.spec.tests))]
    chosen = [(one, number) for one, number in every if word is None or _has(one, number, word)]
    if not chosen:
        what = f"none of {len(every)} tests has `{word}` in its name" if every else "there is no ….test.yml file there"
        raise Usage(f"Nothing was played: {what}.")
    return chosen


def _has(loaded: LoadedTests, number: int, word: str) -> bool:
    return word.casefold() in f"{loaded.file.name} {loaded.model.spec.tests[number].name}".casefold()


def play_all(
    chosen: Chosen, environment: Mapping[str, str], *, tell: Callable[[Played], None], first: bool = False
) -> list[Played]:
    """Play them one after the other. `first`: no more after one that fails.

    Raises `CliError` when there is no server that skips time, or what the tests are about cannot be loaded.
    """
    try:
        find_test_server(environment)
    except NoTestServer as error:
        raise CliError(str(error)) from None
    configure_logging(process="cli", level="error")
    forward_core_logs()
    with _database() as url, asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_play_all(chosen, url, environment, tell=tell, first=first))


async def _play_all(
    chosen: Chosen, url: str, environment: Mapping[str, str], *, tell: Callable[[Played], None], first: bool
) -> list[Played]:
    done: list[Played] = []
    async with skipping_server(environment) as server:
        stage = Stage(server, url)
        for loaded, number in chosen:
            try:
                played = await play(stage, loaded, number)
            except CatalogRejected as error:
                problems = "\n".join(f"{one.file}:{one.line}:{one.column}: {one.detail}" for one in error.problems)
                raise CliError(f"What {loaded.file} is about cannot be loaded.\n{problems}") from None
            tell(played)
            done.append(played)
            if first and not played.passed:
                break
        await stage.clear()
    return done


@contextmanager
def _database() -> Iterator[str]:
    """A PostgreSQL that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="daytwo-test-"))
    try:
        folder.chmod(0o711)
        with EmbeddedPostgres(folder / "postgres", durable=False) as server:
            migrate.upgrade(server.url)
            yield server.url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def show_one(out: Out, played: Played) -> None:
    """A line for each, and what is different below one that failed."""
    mark = "passed" if played.passed else "FAILED"
    place = f"{played.file}:{played.line}"
    out.line(f"{mark}  {place}  {played.name} ({played.seconds:.1f} s)", style="" if played.passed else "bold red")
    if played.trouble is not None:
        out.line(f"        {played.trouble}")
    for difference in played.differences:
        out.line(f"        {difference.at}")
        for line in difference.lines():
            out.line(f"          {line}", style=_STYLE.get(line[:1], ""))


def show_all(out: Out, done: Sequence[Played], left: int) -> None:
    failed = sum(not one.passed for one in done)
    seconds = sum(one.seconds for one in done)
    more = f", {left} not played" if left else ""
    out.note(f"{len(done) - failed} passed, {failed} failed{more} ({seconds:.1f} s).")


def to_json(done: Sequence[Played]) -> str:
    tests: list[JsonValue] = [_as_json(one) for one in done]
    failed = sum(not one.passed for one in done)
    return json.dumps({"tests": tests, "passed": len(done) - failed, "failed": failed})


def _as_json(played: Played) -> dict[str, JsonValue]:
    return {
        "file": str(played.file),
        "line": played.line,
        "name": played.name,
        "passed": played.passed,
        "seconds": round(played.seconds, 3),
        "trouble": played.trouble,
        "differences": [{"at": one.at, "expected": one.expected, "seen": one.seen} for one in played.differences],
    }


def exit_of(done: Sequence[Played]) -> Exit:
    return Exit.SUCCESS if all(one.passed for one in done) else Exit.FAILED
