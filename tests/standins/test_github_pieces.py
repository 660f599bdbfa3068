"""The parts that can be wrong by themselves."""

import asyncio
import datetime
import errno
import os
import resource
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from daytwo_standins.github.config import Config, Executor, load_config
from daytwo_standins.github.expressions import fill
from daytwo_standins.github.filters import created_range
from daytwo_standins.github.groups import Groups
from daytwo_standins.github.job_log import stamp
from daytwo_standins.github.ledger import Accepted, Ledger
from daytwo_standins.github.problems import ApiError
from daytwo_standins.github.runs import Run, job_id, split_job_id
from daytwo_standins.github.workflow_file import WorkflowInvalidError, parse_workflow
from daytwo_standins.shared.answers import Effects
from daytwo_standins.shared.config import Secret
from daytwo_standins.shared.durable_lines import DurableLines
from daytwo_standins.shared.faults import FaultBook, Rule
from daytwo_standins.shared.files import held, is_held
from daytwo_standins.shared.refs import list_refs, read_ref


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("${{ inputs.version }}", "1.10"),
        ("v${{inputs.version}}-${{ github.actor }}", "v1.10-ana"),
        ("${{ inputs.dry }}", "true"),
        ("[${{ inputs.none }}]", "[]"),
        ("${{ inputs.version.more }}", ""),
        ("${{ secrets.key }}", "${{ secrets.key }}"),
        ("${{ format('{0}', inputs.version) }}", "${{ format('{0}', inputs.version) }}"),
        ("${{ inputs.version || 'x' }}", "${{ inputs.version || 'x' }}"),
        ("${{ inputs }}", "${{ inputs }}"),
    ],
)
def test_dotted_names_are_filled_and_nothing_else(text: str, filled: str) -> None:
    names = {"inputs": {"version": "1.10", "dry": True, "none": None}, "github": {"actor": "ana"}}
    assert fill(text, names) == filled


def test_what_was_filled_in_is_not_filled_again() -> None:
    assert fill("${{ inputs.a }}", {"inputs": {"a": "${{ inputs.b }}", "b": "secret"}}) == "${{ inputs.b }}"


def _seconds(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


def test_the_range_of_created() -> None:
    noon = _seconds("2026-01-01T12:00:00Z")
    infinite = float("inf")
    assert created_range("") == (-infinite, infinite)
    assert created_range("2026-01-01T12:00:00Z") == (noon, noon + 1)
    assert created_range(">2026-01-01T12:00:00Z") == (noon + 1, infinite)
    assert created_range("<=2026-01-01T12:00:00+00:00") == (-infinite, noon + 1)
    assert created_range("2026-01-01") == (noon - 43_200, noon + 43_200)
    assert created_range("*..2026-01-01") == (-infinite, noon + 43_200)
    assert created_range("2026-01-01T12:00:00Z..*") == (noon, infinite)
    with pytest.raises(ApiError, match="Invalid value for 'created'"):
        created_range(">=yesterday")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "error in your yaml syntax"),
        ("- a", "not a mapping"),
        ("on: push", "No jobs defined"),
        ("jobs: {a: {}}", "No event triggers"),
        ("on: &a push\njobs: {}", "No jobs defined"),
    ],
)
def test_what_is_no_workflow(text: str, message: str) -> None:
    with pytest.raises(WorkflowInvalidError, match=message):
        parse_workflow("x.yml", text.encode())


@pytest.mark.parametrize("on", ["on: workflow_dispatch", "on: [push, workflow_dispatch]", "on: {workflow_dispatch: }"])
def test_every_spelling_of_the_trigger(on: str) -> None:
    assert parse_workflow("x.yml", f"{on}\njobs: {{a: {{}}}}".encode()).inputs == ()


def test_a_version_is_not_a_number() -> None:
    declared = "{type: choice, options: [yes, '1.10'], default: off}"
    text = f"on:\n  workflow_dispatch:\n    inputs:\n      v: {declared}\njobs: {{a: {{}}}}"
    (one,) = parse_workflow("x.yml", text.encode()).inputs or ()
    assert (one.options, one.default) == (("yes", "1.10"), "off")


def test_a_stamp_has_seven_digits() -> None:
    assert stamp(1_767_268_800.123456) == "2026-01-01T12:00:00.1234560Z"


def test_job_ids_name_their_run() -> None:
    assert split_job_id(job_id(20_000_000_123, 7, 42)) == (20_000_000_123, 7, 42)
    assert job_id(29_999_999_999, 99, 999) < 2**53, "JavaScript must be able to read it"


def _accepted(run_id: int, group: str = "", *, cancel: bool = False) -> Accepted:
    return Accepted(
        run_id=run_id,
        run_number=1,
        repository="acme/shop",
        workflow=".github/workflows/x.yml",
        workflow_name="X",
        ref="refs/heads/main",
        head_sha="0" * 40,
        inputs={},
        title="X",
        group=group,
        cancel_in_progress=cancel,
        body_sha256="",
        actor="bot",
        executor=Executor.ACT,
        effects=Effects(),
        received_at=0.0,
        received_monotonic=0.0,
    )


def test_cancel_in_progress(tmp_path: Path) -> None:
    groups = Groups()
    first, second, alone = (Run(_accepted(n, g, cancel=True), tmp_path) for n, g in ((1, "g"), (2, "g"), (3, "h")))
    assert not groups.enter(first).waits
    entered = groups.enter(second)
    assert (entered.waits, entered.cancel) == (True, (first,))
    assert not groups.enter(alone).waits
    assert groups.leave(first) is second
    assert groups.leave(second) is None


def test_many_at_once_are_all_durable_and_in_order(tmp_path: Path) -> None:
    async def accept() -> list[int]:
        ledger = Ledger(tmp_path)
        ids = [ledger.next_run_id() for _ in range(200)]
        await asyncio.gather(*(ledger.accept(_accepted(run_id)) for run_id in ids))
        ledger.close()
        return ids

    ids = asyncio.run(accept())
    again = Ledger(tmp_path)
    assert [line["run_id"] for line in again.read()] == ids
    assert again.next_run_id() > max(ids)
    again.close()


def test_a_line_that_could_not_be_written_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"

    async def append() -> None:
        lines = DurableLines(path)
        await lines.append({"n": 1})
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5, hard))  # a full disk, after five bytes
        try:
            with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
                await lines.append({"n": 2})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await lines.append({"n": 3})
        lines.close()

    asyncio.run(append())
    assert path.read_text() == '{"n": 1}\n{"n": 3}\n'


def test_a_lock_is_seen_while_it_is_held(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert not is_held(lock)
    with held(lock):
        assert is_held(lock)
    assert not is_held(lock)


def test_refs_packed_and_loose(tmp_path: Path) -> None:
    (tmp_path / "refs" / "heads" / "feature").mkdir(parents=True)
    (tmp_path / "refs" / "heads" / "feature" / "x").write_text("a" * 40 + "\n")
    packed = f"# pack-refs with: peeled\n{'b' * 40} refs/tags/1.0\n^{'c' * 40}\n{'d' * 40} refs/heads/feature/x\n"
    (tmp_path / "packed-refs").write_text(packed)
    assert read_ref(tmp_path, "heads", "feature/x") == "a" * 40, "a loose ref is newer than a packed one"
    assert read_ref(tmp_path, "tags", "1.0") == "b" * 40
    assert read_ref(tmp_path, "heads", "feature") is None
    assert read_ref(tmp_path, "heads", "../tags/1.0") is None
    assert read_ref(tmp_path, "heads", "x\0y") is None
    assert list(list_refs(tmp_path, "refs/heads/")) == ["refs/heads/feature/x"]


def test_nth_may_be_several() -> None:
    book = FaultBook()
    book.add([Rule.model_validate({"match": {"operation": "x", "nth": [2, 4]}, "status": {"code": 500}})])
    assert [bool(book.strike("x", None)) for _ in range(5)] == [False, True, False, True, False]
    assert not book.strike("y", None)


@pytest.mark.parametrize(
    "change",
    [
        {"repositories": [{"full_name": "acme", "path": "x"}]},
        {"repositories": [{"full_name": "a/b", "path": "x"}, {"full_name": "A/b", "path": "y"}]},
        {"tokens": [{"login": "x", "token": {}}]},
        {"tokens": [{"login": "x", "token": {"env": "A", "file": "b"}}]},
        {"surprise": True},
    ],
)
def test_a_configuration_that_is_refused(change: dict[str, Any]) -> None:
    good: dict[str, Any] = {"repositories": [], "tokens": []}
    assert Config.model_validate(good)
    with pytest.raises(ValidationError):
        Config.model_validate({**good, **change})


def test_a_configuration_in_yaml_with_a_secret_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("the token\n")
    text = (
        "tokens: [{login: bot, token: {file: token}}]\nrepositories: [{full_name: a/b, path: git/b, vars: {path: x}}]\n"
    )
    (tmp_path / "standin.yaml").write_text(text)
    config = load_config(tmp_path / "standin.yaml")
    assert config.repositories[0].path == tmp_path / "git" / "b"
    assert config.repositories[0].vars == {"path": "x"}
    assert config.tokens[0].token.reveal() == "the token"


def test_a_secret_is_not_shown() -> None:
    assert "very secret" not in repr(Secret.model_validate("very secret"))
