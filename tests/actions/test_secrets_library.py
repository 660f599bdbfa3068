"""What pipelines include to collect their secrets (actions/library/secrets): the script and what carries it are run."""

import asyncio
import base64
import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from served import served
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

LIBRARY = Path(__file__).parents[2] / "actions/library/secrets"
SCRIPT = LIBRARY / "collect.sh"
MARKER = "abcdefghij234567abcd"
PASSWORD = "correct 100% horse"
KEY = "-----BEGIN KEY-----\nMIIE$(id)`id`\n\n-----END KEY-----\n"
GIVEN = {"password": PASSWORD, "deployKey": KEY}

pytestmark = pytest.mark.anyio


def given(values: Mapping[str, str]) -> Response:
    coded = [{"name": name, "base64": base64.b64encode(value.encode()).decode()} for name, value in values.items()]
    return JSONResponse({"secrets": coded})


async def collect(
    place: Path, *, answer: Response, lines: str | None = None, **environment: str
) -> tuple[subprocess.CompletedProcess[str], list[Any]]:
    """Run the script, or lines that carry it, against a server that is GitHub's token service and Daytwo in one."""
    asked: list[Any] = []

    async def token(_: Request) -> Response:
        return JSONResponse({"value": "job.token.x"})

    async def door(request: Request) -> Response:
        asked.append((request.headers["authorization"], await request.json()))
        return answer

    routes = [Route("/token", token), Route("/api/v1/ci/secrets", door, methods=["POST"])]
    async with served(Starlette(routes=routes)) as (address, _):
        words = ["bash", "-c", lines] if lines else ["bash", str(SCRIPT)]
        variables = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(place),
            "DAYTWO": address,
            "DAYTWO_RUN": MARKER,
            "DAYTWO_SECONDS": "1",
            "DAYTWO_SECRETS": str(place / "secrets"),
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{address}/token?version=2",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
        } | environment
        done = await asyncio.to_thread(
            subprocess.run, words, env=variables, capture_output=True, text=True, check=False, timeout=60
        )
    return done, asked


def files(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def modes(folder: Path) -> set[int]:
    return {file.stat().st_mode & 0o077 for file in [folder, *folder.iterdir()]}


async def test_a_job_of_github_gets_them_masked_and_as_variables(tmp_path: Path) -> None:
    env = tmp_path / "github_env"
    done, asked = await collect(tmp_path, answer=given(GIVEN), GITHUB_ENV=str(env))
    assert done.returncode == 0, done.stderr
    assert asked == [("Bearer job.token.x", {"marker": MARKER})]
    assert files(tmp_path / "secrets") == GIVEN
    assert modes(tmp_path / "secrets") == {0}
    assert done.stdout.splitlines() == [
        "::add-mask::correct 100%25 horse",
        "::add-mask::-----BEGIN KEY-----",
        "::add-mask::MIIE$(id)`id`",
        "::add-mask::-----END KEY-----",
        "Daytwo: secrets collected: 2.",
    ]
    written = (await asyncio.to_thread(env.read_text)).splitlines()
    border = written[0].partition("<<")[2]
    assert written == [
        f"SECRET_PASSWORD<<{border}", PASSWORD, border,
        f"SECRET_DEPLOYKEY<<{written[3].partition('<<')[2]}", *KEY.splitlines(), "", written[-1],
    ]  # fmt: skip
    assert names(tmp_path) == ["github_env", "secrets"], "nothing else is left"


async def test_without_curl_it_ends_at_once_and_says_what_is_missing(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "mkdir", "mktemp", "rm"):
        (tools / name).symlink_to(str(shutil.which(name)))
    done, asked = await collect(tmp_path, answer=given(GIVEN), PATH=str(tools), DAYTWO_SECONDS="300")
    assert (done.returncode, asked) == (1, [])
    assert "There is no curl on PATH" in done.stderr
    assert "Nothing was collected. Install it" in done.stderr


@pytest.mark.parametrize("kind", ["gitlab", "argo"])
async def test_elsewhere_the_lines_that_follow_have_them(tmp_path: Path, kind: str) -> None:
    use = 'printf %s "$SECRET_PASSWORD" | sha256sum; printf %s "$SECRET_DEPLOYKEY" | wc -l; ls -A "$TMPDIR"'
    if kind == "gitlab":
        spec, jobs = yaml.safe_load_all((LIBRARY / "templates/daytwo-secrets.yml").read_text())
        assert "daytwo" in spec["spec"]["inputs"]
        (before,) = jobs[".daytwo-secrets"]["before_script"]
        done, asked = await collect(
            tmp_path, answer=given(GIVEN), lines=f"{before}\n{use}", DAYTWO_TOKEN="id.token", GITHUB_ENV=""
        )
        assert asked == [("Bearer id.token", {"marker": MARKER})]
    else:
        template = yaml.safe_load((LIBRARY / "argo.yaml").read_text())
        (step,) = template["spec"]["templates"]
        own = {
            "DAYTWO_TOKEN": "dtr_x",
            "DAYTWO_EXECUTION": "uid-1",
            "DAYTWO_LINES": f'{use}; echo "${{DAYTWO_TOKEN-}}"',
        }
        done, asked = await collect(tmp_path, answer=given(GIVEN), lines=step["script"]["source"], **own)
        assert asked == [("Bearer dtr_x", {"marker": MARKER, "execution": "uid-1"})]
    assert done.returncode == 0, done.stderr
    said = done.stdout.split()
    assert hashlib.sha256(PASSWORD.encode()).hexdigest() in said
    assert "3" in said, "the lines of a longer one are kept"
    for value in (PASSWORD, "MIIE"):
        assert value not in done.stdout + done.stderr


async def test_a_no_ends_the_job_and_nothing_is_left(tmp_path: Path) -> None:
    no = JSONResponse({"detail": "They were collected before, by 1/1: they are handed out once."}, 409)
    done, asked = await collect(tmp_path, answer=no)
    assert done.returncode == 1
    assert "collected before" in done.stderr
    assert len(asked) == 1
    assert files(tmp_path / "secrets") == {}


async def test_names_and_values_of_a_hostile_answer_reach_no_shell(tmp_path: Path) -> None:
    hostile = JSONResponse(
        {
            "secrets": [
                {"name": "../x", "base64": "eA=="},
                {"name": "ok", "base64": "$(id)"},
                {"name": "a b", "base64": ""},
            ]
        }
    )
    done, _ = await collect(tmp_path, answer=hostile)
    assert done.returncode == 0
    assert files(tmp_path / "secrets") == {}


def test_what_carries_the_script_carries_the_same() -> None:
    wanted = f"bash -s <<'DAYTWO_COLLECT'\n{SCRIPT.read_text()}DAYTWO_COLLECT\n"
    _, jobs = yaml.safe_load_all((LIBRARY / "templates/daytwo-secrets.yml").read_text())
    assert wanted in jobs[".daytwo-secrets"]["before_script"][0]
    template = yaml.safe_load((LIBRARY / "argo.yaml").read_text())
    assert wanted in template["spec"]["templates"][0]["script"]["source"]
    action = yaml.safe_load((LIBRARY / "action.yml").read_text())
    (run,) = action["runs"]["steps"]
    assert "inputs." not in run["run"], "inputs reach the script by variables only"
