"""Scripts that fail without a mark of their own are really run, and the line that says why is found in their logs."""

import httpx

from daytwo_actions.error_lines import Rater, telling
from daytwo_standins.github.testing import RunningStandin, eventually


def test_of_a_script_that_marks_nothing_the_line_that_says_why_is_found(running: RunningStandin) -> None:
    headers = {"authorization": "token standin-token-of-the-bot"}
    with httpx.Client(base_url=running.url, headers=headers, trust_env=False) as api:
        sent = api.post(
            "/repos/acme/shop/actions/workflows/quiet.yml/dispatches", json={"ref": "main", "return_run_details": True}
        )
        run = f"/repos/acme/shop/actions/runs/{sent.json()['workflow_run_id']}"
        eventually(lambda: api.get(run).json()["status"] == "completed", seconds=90)
        found = {}
        for job in api.get(f"{run}/jobs").json()["jobs"]:
            link = api.get(f"/repos/acme/shop/actions/jobs/{job['id']}/logs").headers["location"]
            lines = httpx.get(link, trust_env=False).content.decode().splitlines()
            assert lines[-1].endswith("##[error]Process completed with exit code 1.")
            said = lines[telling(lines, Rater())[1] or 0].partition("Z ")[2]
            found[job["name"]] = said.rpartition("line 1: ")[2]  # without the path of bash
    assert found == {
        "shell": "no-such-tool: command not found",
        "python": "KeyError: 3",
        "npm": "npm ERR! missing script: check",
        "nothing": "##[error]Process completed with exit code 1.",
    }
