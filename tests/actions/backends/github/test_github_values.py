"""Case S17: values go as data, and arrive at the stand-in and in a run that `act` executes as they were typed."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
from pydantic import JsonValue, SecretStr

from daytwo_actions.backends.base import Accepted, Backend, Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.registry import connect as connect_backend
from daytwo_actions.marker import corr
from daytwo_standins.github.testing import RunningStandin, make_repository, start_standin
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.states import EXTERNAL_ENDS

pytestmark = pytest.mark.anyio

TOKEN = "token-of-the-bot"
ECHO = """\
run-name: "Echo [${{ inputs.daytwo_run }}]"
on:
  workflow_dispatch:
    inputs:
      value: {type: string}
      daytwo_run: {type: string, default: ''}
      daytwo_inputs: {type: string, default: '{}'}
jobs:
  echo:
    runs-on: ubuntu-latest
    steps:
      - env: {VALUE: "${{ inputs.value }}", PACKED: "${{ inputs.daytwo_inputs }}"}
        run: |
          echo "value $(printf %s "$VALUE" | sha256sum)"
          echo "packed $(printf %s "$PACKED" | sha256sum)"
"""
NASTY: Final = {
    "newlines": "one\ntwo\r\nthree\n\n",
    "quotes": "'\" \\\" \\' '''",
    "an expression": "${{ secrets.TOKEN }} ${{ github.token }}",
    "backticks": "`id`",
    "a substitution": "$(id) ${HOME} $HOME && id; id | id",
    "a workflow command": "%0A::set-output name=x::y\n::set-env name=PATH::/x",
    "emoji": "\U0001f980 e\u0301 \u202e abc \ufeff",
    "JSON": '{"a": [1, "}"]}',
    "empty": "",
    "blanks": "  \t ",
    "60,000 characters": "x" * 60_000,
    "60,000 characters beyond ASCII": "\U0001f980" * 60_000,
}


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStandin]:
    path = tmp_path_factory.mktemp("repositories") / "echo"
    make_repository(path, [({".github/workflows/echo.yml": ECHO}, "1.0.0")])
    repositories = [
        {"full_name": "acme/echo", "path": path},
        {"full_name": "acme/instant", "path": path, "executor": "instant"},
    ]
    tokens = [{"login": "acme-bot", "token": TOKEN, "type": "Bot"}]
    with start_standin(tmp_path_factory.mktemp("standin"), repositories, tokens=tokens) as running:
        yield running


@pytest.fixture
async def backend(standin: RunningStandin) -> AsyncIterator[Backend]:
    settings = GitHubSettings(name="github", base=standin.url, token=SecretStr(TOKEN))
    opened = connect_backend(settings, observe=lambda *_: None)
    yield opened
    opened.close()


async def send(backend: Backend, project: str, name: str, inputs: dict[str, JsonValue]) -> tuple[str, Any]:
    """The marker, and what came of it."""
    pinned = await backend.resolve(Target(project=project, pipeline="echo.yml", ref="main"))
    marker = corr(b"k" * 32, RunId(f"r_{name}"), StepPath("ship"), AttemptNo(1))
    return marker, await backend.send(backend.freeze(pinned, inputs, marker), seconds=10)


def arrived(standin: RunningStandin, marker: str) -> dict[str, Any]:
    (line,) = [line for line in standin.control.ledger() if line["inputs"].get("daytwo_run") == marker]
    return dict(line["inputs"])


@pytest.mark.parametrize("name", NASTY)
async def test_a_value_arrives_as_it_was_typed(backend: Backend, standin: RunningStandin, name: str) -> None:
    marker, sent = await send(backend, "acme/instant", name, {"value": NASTY[name]})
    assert isinstance(sent, Accepted), sent
    assert arrived(standin, marker)["value"] == NASTY[name]


async def test_all_of_them_packed_arrive_as_they_were_typed(backend: Backend, standin: RunningStandin) -> None:
    values: dict[str, JsonValue] = {name: text for name, text in NASTY.items() if len(text) < 1_000}
    values |= {f"i{number}": number for number in range(30)}
    marker, sent = await send(backend, "acme/instant", "packed", {"value": "x", **values})
    assert isinstance(sent, Accepted), sent
    came = arrived(standin, marker)
    assert (came["value"], json.loads(came["daytwo_inputs"])) == ("x", values)


async def test_what_is_too_much_is_told_before_anything_is_sent(backend: Backend, standin: RunningStandin) -> None:
    before = len(standin.control.ledger())
    for inputs in ({"value": "x" * 65_500}, {"a": "x" * 33_000, "b": "x" * 33_000}):
        with pytest.raises(BackendDenied, match="Nothing was sent"):
            await send(backend, "acme/instant", "large", dict(inputs))
    assert len(standin.control.ledger()) == before


async def test_a_run_that_is_executed_has_them_as_they_were_typed(backend: Backend, standin: RunningStandin) -> None:
    # The shell's $( ) takes line breaks off an end, so none stands there.
    value = "".join(text for text in NASTY.values() if len(text) < 1_000) + "x" * 40_000
    packed: dict[str, JsonValue] = {"lines": NASTY["newlines"], "list": [1, "`id`"]}
    marker, sent = await send(backend, "acme/echo", "real", {"value": value, **packed})
    assert isinstance(sent, Accepted), sent
    assert sent.id is not None
    target = Target(project="acme/echo", pipeline="echo.yml", ref="main")
    deadline = time.monotonic() + 60
    while (state := (await backend.read([(target, sent.id)]))[0]) is None or state.status not in EXTERNAL_ENDS:
        assert time.monotonic() < deadline, state
        await asyncio.sleep(0.1)
    (job,) = (await backend.jobs(target, sent.id)).jobs
    log = b"".join([piece async for piece in backend.logs(target, sent.id, job.id)]).decode()
    for name, text in (("value", value), ("packed", arrived(standin, marker)["daytwo_inputs"])):
        assert f"{name} {hashlib.sha256(text.encode()).hexdigest()}" in log
