"""Each workflow, really run by act against running machines."""

import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

CART = "/cart?mug=2&tea=1"


@pytest.mark.usefixtures("machines")
def test_the_story(acme: Any) -> None:
    """1.1.0 goes out; 1.2.0 stops before the switch; 1.3.0 goes out and is wrong; a rollback brings 1.1.0 back."""
    good = acme.run_workflow("deploy.yml", version="1.1.0", environment="staging")
    assert good.jobs == dict.fromkeys(["test", "install", "check", "switch"], "success")
    assert good.code == 0
    assert "Ran 14 tests" in good.log
    assert acme.version()["version"] == "1.1.0"
    assert acme.get(CART)["total"] == "23.20"
    pid = acme.version()["pid"]

    stopped = acme.run_workflow("deploy.yml", version="1.2.0", environment="staging")
    assert stopped.code != 0
    assert stopped.jobs == {"test": "success", "install": "success", "check": "failure"}
    (reason,) = stopped.errors
    assert "PAYMENTS_URL is missing" in reason
    assert "nothing was switched, 1.1.0 still runs" in reason
    assert acme.version()["version"] == "1.1.0"
    assert acme.version()["pid"] == pid, "it was not even restarted"

    bad = acme.run_workflow("deploy.yml", version="1.3.0", environment="staging")
    assert bad.code == 0
    assert acme.version()["version"] == "1.3.0"
    assert acme.get(CART)["total"] == "13.70", "the second mug is for free"

    undone = acme.run_workflow("rollback.yml", version="1.1.0", environment="staging")
    assert undone.jobs == {"check": "success", "switch": "success"}
    assert acme.version()["version"] == "1.1.0"
    assert acme.get(CART)["total"] == "23.20"


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize("graceful", ["true", "false"])
def test_restart_starts_another_process_with_the_same_version(acme: Any, graceful: str) -> None:
    before = acme.version()
    done = acme.run_workflow("restart.yml", environment="staging", graceful=graceful)
    assert done.jobs == {"restart": "success"}
    after = acme.version()
    assert after["version"] == before["version"] == "1.0.0"
    assert after["pid"] != before["pid"]
    assert after["started"] > before["started"]
    events = (acme.root / "machines.events").read_text()
    assert ('"code": -9' in events) == (graceful == "false"), events


@pytest.mark.usefixtures("machines")
def test_a_dry_run_stops_before_the_switch(acme: Any) -> None:
    done = acme.run_workflow("deploy.yml", version="1.1.0", environment="staging", dry_run="true")
    assert done.code == 0
    assert done.jobs == dict.fromkeys(["test", "install", "check"], "success")
    assert acme.version()["version"] == "1.0.0"


def test_a_release_that_nobody_starts_is_taken_back(acme: Any) -> None:
    """No machines run here: the check passes, the environment's port never answers."""
    done = acme.run_workflow("rollback.yml", version="1.1.0", environment="staging", wait_seconds="0.5")
    assert done.jobs == {"check": "success", "switch": "failure"}
    assert "answers nothing, not 1.1.0" in done.errors[0]
    assert acme.place.running().name == "1.0.0"


@pytest.mark.usefixtures("machines")
def test_a_cancelled_switch_is_taken_back(
    acme: Any, finished: Callable[["subprocess.Popen[str]"], Any], eventually: Callable[..., None]
) -> None:
    process = acme.start_workflow("rollback.yml", more={"WATCH_SECONDS": "60"}, version="1.1.0", environment="staging")
    eventually(lambda: acme.version().get("version") == "1.1.0", "1.1.0 answers")
    process.send_signal(signal.SIGINT)  # as the stand-in cancels
    assert finished(process).jobs["switch"] == "failure"
    assert acme.version()["version"] == "1.0.0"


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        (
            {"version": "9.9.9", "environment": "staging"},
            "this repository has no version 9.9.9; there is: 1.0.0, 1.1.0",
        ),
        ({"version": "../1.1.0", "environment": "staging"}, "which does not look like"),
        ({"version": "$(touch pwned)", "environment": "staging"}, "which does not look like"),
        ({"version": "1.1.0", "environment": "moon"}, "there is no machine for shop in moon"),
    ],
)
def test_bad_inputs_change_nothing(acme: Any, inputs: dict[str, str], reason: str) -> None:
    done = acme.run_workflow("rollback.yml", **inputs)
    assert done.jobs == {"check": "failure"}
    assert reason in done.errors[0]
    assert list(acme.work.rglob("pwned")) == []
    assert [path.name for path in (acme.place.folder / "releases").iterdir()] == ["1.0.0"]


@pytest.mark.parametrize("file", ["deploy.yml", "rollback.yml", "restart.yml"])
def test_without_leave_nothing_is_done(acme: Any, file: str) -> None:
    [address] = [one.removeprefix("--var=DAYTWO=") for one in acme.leave if one.startswith("--var=DAYTWO=")]
    inputs = {"environment": "staging"} | ({} if file == "restart.yml" else {"version": "1.1.0"})
    for daytwo, reason in (("", "the address of Daytwo"), (f"{address}/elsewhere", "Daytwo says no (404)")):
        done = acme.run_workflow(file, more={"DAYTWO": daytwo}, **inputs)
        assert list(done.jobs.values()) == ["failure"], "and no later job was begun"
        assert reason in " ".join([done.log, *done.errors])
    assert [path.name for path in (acme.place.folder / "releases").iterdir()] == ["1.0.0"]
    assert not (acme.place.folder / "restart").exists()


def test_a_moved_tag_does_not_go_out_under_its_old_name(acme: Any) -> None:
    revision = acme.place.release("1.0.0") / "REVISION"
    revision.write_text("0" * 40)
    done = acme.run_workflow("rollback.yml", version="1.0.0", environment="staging")
    assert "was installed from commit 000" in done.errors[0]
