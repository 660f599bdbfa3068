"""The API as a process of its own: it starts before everything else, refuses what is wrong, and stops at once."""

import json
import secrets
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from api_process import CONFIG, EXAMPLES, Start, parts, processes
from databases import Databases


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with processes(tmp_path) as begin:
        yield begin


def test_it_serves_while_temporal_is_away_and_ends_open_pages_when_it_is_stopped(
    start: Start, database_url: str
) -> None:
    process = start(database_url)
    answer = process.wait_for("/readyz", lambda answer: parts(answer).get("company", False))
    assert answer.status_code == 503
    assert parts(answer) == {
        "store": True,
        "migrations": True,
        "company": True,
        "policy": True,
        "people": True,
        "temporal": False,
    }
    with httpx.Client(base_url=process.url, headers={"Origin": process.url}) as client:
        client.post("/api/v1/session", json={"name": "ana"}).raise_for_status()
        assert client.get("/api/v1/actions").json()["items"]
        with client.stream("GET", "/api/v1/events") as stream:
            pieces = stream.iter_bytes()
            next(pieces)
            began = time.monotonic()
            process.running.send_signal(signal.SIGTERM)
            for _ in pieces:
                pass
            assert time.monotonic() - began < 3
    output, errors = process.running.communicate(timeout=30)
    assert process.running.returncode == 0
    assert output == ""
    events = [json.loads(line) for line in errors.splitlines()]
    assert [event["event"] for event in events if event["event"].startswith("api.")] == [
        "api.listens", "api.ready", "api.stopped",
    ]  # fmt: skip
    assert {event["process"] for event in events} == {"api"}
    assert "daytwo_session" not in errors


@pytest.mark.long
def test_it_waits_for_a_database_that_comes_later(start: Start, databases: Databases) -> None:
    url = databases.server.url.replace("/daytwo?", "/later?")
    process = start(url)
    answer = process.wait_for("/readyz", lambda _: True)
    assert parts(answer) == {"store": False, "company": False, "temporal": False}
    assert httpx.get(process.url + "/livez").status_code == 200
    made = databases.create()
    try:
        databases.rename(made, "later")
        process.wait_for("/readyz", lambda answer: parts(answer).get("company", False))
        code, lines = process.stop(signal.SIGINT)
    finally:
        if process.running.poll() is None:
            process.running.kill()
            process.running.wait()
        databases.drop(url)
    assert code == 0
    waits = [json.loads(line) for line in lines if "api.waits" in line]
    assert waits
    assert {line["part"] for line in waits} == {"database"}
    assert all("cannot be used" in line["detail"] and line["address"] in line["detail"] for line in waits)


POLICY = "apiVersion: daytwo/v1\nkind: Policy\nmetadata: {{ name: x }}\nspec:\n  roles: {{ admin: [{member}] }}\n"


def policies(folder: Path) -> Path:
    """Folders with policies that are none, and a key that is one."""
    for name, text in (
        ("empty", ""),
        ("second", POLICY.format(member='"group:platform"')),
        ("broken", POLICY.format(member="group platform")),
    ):
        (folder / name).mkdir()
        (folder / name / "policy.yaml").write_text(text)
    (folder / "people").mkdir()
    for file in (EXAMPLES / "catalog").glob("[!p]*.yaml"):
        shutil.copy(file, folder / "people")
    shutil.copy(EXAMPLES / "catalog" / "people.yaml", folder / "people")
    (folder / "random").write_text(secrets.token_hex(32))
    return folder


@pytest.mark.parametrize(
    ("config", "environment", "expected"),
    [
        (CONFIG.replace("sign_in: people\n", ""), {}, "nobody could sign in"),
        (CONFIG, {"DAYTWO_API_HOST": "0.0.0.0"}, "lets anybody be anybody"),
        (CONFIG, {"DAYTWO_SECRET_FILE": "/nowhere"}, "The file that secret_file names cannot be read"),
        (CONFIG.replace("company: [{catalog}", "company: [/nowhere"), {}, "/nowhere"),
        (CONFIG.replace("{actions}]", "{policies}/empty]"), {}, "policy.yaml:1:1: This file holds no policy"),
        (CONFIG.replace("{actions}]", "{policies}/second]"), {}, "A company has one policy"),
        (CONFIG.replace("{catalog}", "{policies}/broken"), {}, "policy.yaml:5:20: `group platform` does not look like"),
        (CONFIG.replace("people", "tokens"), {}, "holds something that is not random"),
        (
            CONFIG.replace("people", "tokens").replace("{catalog}", "{policies}/people"),
            {"DAYTWO_SECRET_FILE": "{random}"},
            "The company has no policy, so everybody who can sign in could ask for runs",
        ),
        (
            CONFIG.replace("people", "tokens"),
            {"DAYTWO_SECRET_FILE": "{random}", "PYTHONDEVMODE": "1"},
            "debugging is on",
        ),
    ],
)
def test_it_refuses_to_start_with_a_sentence(
    start: Start, database_url: str, tmp_path: Path, config: str, environment: dict[str, str], expected: str
) -> None:
    folder = policies(tmp_path)
    config = config.replace("{policies}", str(folder))
    environment = {name: value.replace("{random}", str(folder / "random")) for name, value in environment.items()}
    process = start(database_url, config, **environment)
    _, errors = process.running.communicate(timeout=60)
    assert process.running.returncode == 2
    assert expected in errors
    assert "Traceback" not in errors
    assert "ghp_abc" not in errors


@pytest.mark.long
def test_a_policy_that_is_broken_while_it_serves_is_told_and_the_roles_stay(
    start: Start, database_url: str, tmp_path: Path
) -> None:
    company = tmp_path / "company"
    shutil.copytree(EXAMPLES / "catalog", company)
    process = start(database_url, CONFIG.replace("{catalog}", str(company)))

    def policy(answer: httpx.Response) -> str:
        return next((part["detail"] for part in answer.json()["parts"] if part["name"] == "policy"), "")

    process.wait_for("/readyz", lambda answer: parts(answer).get("company", False))
    (company / "policy.yaml").write_text("kind: Policy\n")
    process.wait_for("/readyz", lambda answer: "the one of before holds" in policy(answer))
    assert "daytwo_policy_refused 1.0" in httpx.get(process.url + "/metrics").text
    code, lines = process.stop()
    assert code == 0
    assert [one["why"] for line in lines if (one := json.loads(line))["event"] == "policy.refused"] == ["broken"]


def test_a_port_that_is_taken_is_told(start: Start, database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(database_url, port=taken.getsockname()[1])
        _, errors = process.running.communicate(timeout=60)
    assert process.running.returncode == 2
    assert "Address already in use" in errors
    assert "Choose another DAYTWO_API_PORT" in errors
