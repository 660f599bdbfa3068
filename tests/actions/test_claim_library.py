"""What pipelines include (actions/library): the script really asks a server; the templates carry the same script."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from served import served
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

LIBRARY = Path(__file__).parents[2] / "actions/library"
SCRIPT = LIBRARY / "claim/ask.sh"
MARKER = "abcdefghij234567abcd"

Answer = Callable[[int], Response]  # of the n-th request to Daytwo, from 1


async def ask(
    verb: str, answer: Answer, *, lines: str | None = None, **environment: str
) -> tuple[subprocess.CompletedProcess[str], list[Any]]:
    """Run the script, or the `lines` of a template that carry it. What Daytwo was asked comes with it.

    They meet a server that is GitHub's token service and Daytwo in one.
    """
    asked: list[Any] = []

    async def token(request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer request-token"
        return JSONResponse({"count": 9, "value": f"for.{request.query_params['audience'].replace(':', '-')[:5]}.x"})

    async def door(request: Request) -> Response:
        asked.append((request.url.path, request.headers["authorization"], json.loads(await request.body())))
        return answer(len(asked))

    async def door_and_argument(request: Request) -> Response:
        assert request.headers["authorization"].removeprefix("Bearer ") not in arguments()
        return await door(request)

    routes = [Route("/token", token), Route("/api/v1/ci/{verb}", door_and_argument, methods=["POST"])]
    async with served(Starlette(routes=routes)) as (address, _):
        given = {
            "PATH": os.environ["PATH"],
            "DAYTWO": address,
            "DAYTWO_RUN": MARKER,
            "DAYTWO_SECONDS": "8",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{address}/token?version=2",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
        } | environment
        words = ["bash", "-c", lines] if lines else ["bash", SCRIPT, verb]
        done = await asyncio.to_thread(
            subprocess.run, words, env=given, capture_output=True, text=True, check=False, timeout=60
        )
    return done, asked


def arguments() -> str:
    """Those of all processes that there are, as every process of the machine can read them."""
    shown = ""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            shown += file.read_bytes().decode(errors="replace")
    return shown


NEEDED = ("bash", "cat", "head", "mktemp", "rm", "sed", "sleep", "tr")


def path_of(folder: Path, **tools: str) -> str:
    """A PATH with what the script needs anyway and with these tools, and with nothing else."""
    for name, there in ({name: shutil.which(name) for name in NEEDED} | tools).items():
        assert there, f"{name} is needed by this test"
        (folder / name).symlink_to(there)
    return str(folder)


def yes(_: int) -> Response:
    return JSONResponse({"run": "r_1"})


def no(_: int) -> Response:
    return JSONResponse({"type": "claim-refused", "detail": "The run that counts is 1. This has to end."}, 409)


@pytest.mark.anyio
async def test_a_yes_lets_it_go_on_with_the_jobs_own_token() -> None:
    done, asked = await ask("claim", yes)
    assert done.returncode == 0, done.stderr
    assert asked == [("/api/v1/ci/claim", "Bearer for.http-.x", {"marker": MARKER})]


@pytest.mark.anyio
async def test_a_no_ends_the_job_at_once_and_says_why() -> None:
    done, asked = await ask("claim", no)
    assert done.returncode == 1
    assert "The run that counts is 1." in done.stderr
    assert len(asked) == 1


@pytest.mark.anyio
async def test_while_nobody_answers_it_asks_again() -> None:
    done, asked = await ask("claim", lambda n: yes(n) if n > 1 else JSONResponse({}, 503))
    assert done.returncode == 0
    assert len(asked) == 2


@pytest.mark.anyio
async def test_without_an_answer_nobody_works() -> None:
    began = time.monotonic()
    done, asked = await ask("claim", lambda n: JSONResponse({}, 503), DAYTWO_SECONDS="1")
    assert done.returncode == 1
    assert "nobody works" in done.stderr
    assert asked
    assert time.monotonic() - began < 60


@pytest.mark.anyio
async def test_a_redirection_is_not_followed_with_the_token() -> None:
    done, asked = await ask("claim", lambda n: Response(status_code=307, headers={"location": "/api/v1/ci/other"}))
    assert done.returncode == 1
    assert [path for path, *_ in asked] == ["/api/v1/ci/claim"]


@pytest.mark.anyio
async def test_results_are_reported_with_the_attempts_token_where_there_is_one() -> None:
    outputs = {"url": "https://shop.example", "n": [1]}
    own = {"DAYTWO_TOKEN": "dtr_x", "DAYTWO_EXECUTION": 'uid"1', "DAYTWO_OUTPUTS": json.dumps(outputs)}
    done, asked = await ask("report", yes, **own)
    assert done.returncode == 0, done.stderr
    body = {"marker": MARKER, "execution": "uid_1", "outputs": outputs}
    assert asked == [("/api/v1/ci/report", "Bearer dtr_x", body)]


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["python3", "another-python"])
async def test_without_curl_python_asks_the_same(tmp_path: Path, name: str) -> None:
    path = {"PATH": path_of(tmp_path, **{name: sys.executable}), "PYTHON": name}
    done, asked = await ask("claim", lambda n: yes(n) if n > 1 else JSONResponse({}, 503), **path)
    assert done.returncode == 0, done.stderr
    assert asked == [("/api/v1/ci/claim", "Bearer for.http-.x", {"marker": MARKER})] * 2
    done, asked = await ask("claim", no, **path)
    assert (done.returncode, len(asked)) == (1, 1)
    assert "The run that counts is 1." in done.stderr


@pytest.mark.anyio
async def test_without_curl_a_redirection_is_not_followed_and_a_silence_is_no_yes(tmp_path: Path) -> None:
    path = path_of(tmp_path, python3=sys.executable)
    elsewhere = Response(status_code=307, headers={"location": "/api/v1/ci/other"})
    done, asked = await ask("claim", lambda n: elsewhere, PATH=path)
    assert done.returncode == 1
    assert [path for path, *_ in asked] == ["/api/v1/ci/claim"]
    done, asked = await ask("claim", yes, PATH=path, DAYTWO="http://127.0.0.1:9", DAYTWO_SECONDS="1")
    assert (done.returncode, asked) == (1, [])
    assert "nobody works" in done.stderr


@pytest.mark.anyio
async def test_a_header_that_cannot_be_sent_is_not_shown(tmp_path: Path) -> None:
    given = {"PATH": path_of(tmp_path, python3=sys.executable), "DAYTWO_TOKEN": "dtr_\rsecret", "DAYTWO_SECONDS": "1"}
    done, asked = await ask("claim", yes, **given)
    assert (done.returncode, asked) == (1, [])
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.anyio
async def test_with_neither_curl_nor_python_it_ends_at_once_and_says_what_is_missing(tmp_path: Path) -> None:
    done, asked = await ask("claim", yes, PATH=path_of(tmp_path), DAYTWO_SECONDS="300")
    assert (done.returncode, asked) == (1, [])
    assert "neither curl nor python3" in done.stderr
    assert "Nothing was done. Install one of them" in done.stderr


@pytest.mark.anyio
@pytest.mark.parametrize("marker", ["", "x", f'{MARKER}","outputs":1,"a":"'])
async def test_a_run_without_a_marker_asks_nobody(marker: str) -> None:
    done, asked = await ask("claim", yes, DAYTWO_RUN=marker)
    assert done.returncode == 1
    assert asked == []


@pytest.mark.anyio
async def test_a_job_without_the_permission_is_told_so() -> None:
    done, asked = await ask("claim", yes, ACTIONS_ID_TOKEN_REQUEST_URL="")
    assert done.returncode == 1
    assert "id-token: write" in done.stderr
    assert asked == []


@pytest.mark.parametrize("verb", ["claim", "report"])
def test_templates_carry_the_same_script(verb: str) -> None:
    wanted = f"bash -s {verb} <<'DAYTWO_ASK'\n{SCRIPT.read_text()}DAYTWO_ASK\n"
    spec, jobs = yaml.safe_load_all((LIBRARY / verb / f"templates/daytwo-{verb}.yml").read_text())
    lines = {"claim": (".daytwo-claim", "before_script"), "report": ("daytwo-report", "script")}[verb]
    assert jobs[lines[0]][lines[1]] == [wanted]
    assert "daytwo" in spec["spec"]["inputs"]
    template = yaml.safe_load((LIBRARY / verb / "argo.yaml").read_text())
    (step,) = template["spec"]["templates"]
    assert step["script"]["source"] == wanted
    assert "/tmp" not in wanted, "jobs of one machine would overwrite each other's files there"
    action = yaml.safe_load((LIBRARY / verb / "action.yml").read_text())
    (run,) = action["runs"]["steps"]
    assert "inputs." not in run["run"], "inputs reach the script by variables only"


def nothing_is_in(folder: Path) -> None:
    assert list(folder.iterdir()) == []


@pytest.mark.anyio
async def test_the_lines_of_a_template_ask_and_leave_nothing_behind(tmp_path: Path) -> None:
    _, jobs = yaml.safe_load_all((LIBRARY / "claim/templates/daytwo-claim.yml").read_text())
    (lines,) = jobs[".daytwo-claim"]["before_script"]
    told = {"DAYTWO_TOKEN": "dtr_x", "TMPDIR": str(tmp_path), "CI_JOB_NAME": 'ship "a\\b" 1/3'}
    done, asked = await ask("claim", yes, lines=lines, **told)
    assert done.returncode == 0, done.stderr
    assert asked == [("/api/v1/ci/claim", "Bearer dtr_x", {"marker": MARKER, "job": told["CI_JOB_NAME"]})]
    done, _ = await ask("claim", no, lines=lines, DAYTWO_TOKEN="dtr_x", TMPDIR=str(tmp_path))
    assert done.returncode == 1
    nothing_is_in(tmp_path)
