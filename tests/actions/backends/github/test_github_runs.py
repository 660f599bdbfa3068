"""Runs and jobs as GitHub shows them, and which of them is ours."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from daytwo_actions.backends.base import Marker, Pinned, Target
from daytwo_actions.backends.github.wire import refs, runs
from daytwo_store.ids import Corr, Digest
from daytwo_store.states import ExternalStatus

SAMPLES = Path(__file__).parent / "samples"
CORR = Corr("abcdefghij234567abcd")
SINCE = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def run(**change: Any) -> runs.VendorRun:
    document = json.loads((SAMPLES / "workflow-run.json").read_text())
    document |= {
        "event": "workflow_dispatch",
        "display_title": f"Deploy shop [{CORR}]",
        "created_at": "2026-03-01T10:00:05Z",
    } | change
    return runs.VendorRun.model_validate_json(json.dumps(document))


def marker(**change: Any) -> Marker:
    sample = json.loads((SAMPLES / "workflow-run.json").read_text())
    ids = {"project_id": str(sample["repository"]["id"]), "pipeline_id": str(sample["workflow_id"])} | change
    ref = ids.pop("ref", "main")
    target = Target(project="octo-org/octo-repo", pipeline="build.yml", ref=ref)
    return Marker(
        corr=CORR,
        pinned=Pinned(target=target, commit="a" * 40, pipeline_digest=Digest("d" * 64), marked=True, **ids),
    )


def misfits(found: runs.VendorRun, wanted: Marker, login: str = "octocat") -> list[str]:
    return runs.misfits(found, wanted, login=login, since=SINCE, now=SINCE + timedelta(minutes=5))


def test_the_documented_example_of_a_run_is_read() -> None:
    state = runs.state_of(runs.VendorRun.model_validate_json((SAMPLES / "workflow-run.json").read_bytes()))
    assert (state.id, state.attempt, state.status, state.detail) == ("30433642", 1, ExternalStatus.QUEUED, "queued")
    assert state.url == "https://github.com/octo-org/octo-repo/actions/runs/30433642"
    assert state.commit == "acb5820ced9479c074f688cc328bf03f341a511d"
    assert state.created_at == datetime(2020, 1, 22, 19, 33, 8, tzinfo=UTC)


def test_the_documented_example_of_jobs_is_read() -> None:
    page = runs.JobsPage.model_validate_json((SAMPLES / "job-paginated.json").read_bytes())
    (job,) = runs.tree_of(page.jobs).jobs
    assert (job.id, job.name, job.status) == ("399444496", "build", ExternalStatus.SUCCEEDED)
    assert [step.number for step in job.steps] == [step.number for step in page.jobs[0].steps]
    assert len(job.steps) > 5
    assert job.steps[0].started_at == datetime(2020, 1, 20, 17, 42, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("workflow_run.completed.2.json", ExternalStatus.SUCCEEDED),
        ("workflow_run.requested.4.json", ExternalStatus.WAITING),  # "completed, action_required", from a real fork
    ],
)
def test_recorded_runs_of_webhooks_are_read(name: str, status: ExternalStatus) -> None:
    document = json.loads((SAMPLES / name).read_text())["workflow_run"]
    state = runs.state_of(runs.VendorRun.model_validate_json(json.dumps(document)))
    assert state.id == str(document["id"])
    assert state.status is status


@pytest.mark.parametrize(
    "wrong", [{"id": "30433642"}, {"id": None}, {"status": 1}, {"created_at": "2026-03-01T10:00:05"}]
)
def test_a_run_of_another_shape_is_not_taken_for_one(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        run(**wrong)


def test_a_link_that_a_page_must_not_have_is_left_out() -> None:
    assert runs.state_of(run(html_url="javascript:alert(1)")).url == ""


@pytest.mark.parametrize(
    ("title", "has"),
    [
        (f"Deploy [{CORR}]", True), (CORR, True), (f"x {CORR} y", True), (f"deploy-{CORR}-1", True),
        (f"a{CORR}", False), (f"{CORR}2", False), (CORR[:-1], False), ("", False), (CORR.upper(), False),
    ],
)  # fmt: skip
def test_the_marker_is_a_word_of_its_own_in_the_title(title: str, has: bool) -> None:
    assert runs.carries(run(display_title=title), CORR) is has


def test_a_run_that_fits_in_everything_is_ours() -> None:
    assert misfits(run(), marker()) == []
    assert misfits(run(), marker(), login="OctoCat") == []
    assert misfits(run(head_branch="1.2.0"), marker(ref="refs/tags/1.2.0")) == []


def test_a_run_created_within_the_second_of_the_intent_is_ours() -> None:
    found = run(created_at="2026-03-01T10:00:00Z")
    since = SINCE + timedelta(milliseconds=900)
    assert runs.misfits(found, marker(), login="octocat", since=since, now=SINCE + timedelta(minutes=5)) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"event": "push"}, "not started by a dispatch"),
        ({"actor": {"login": "mallory"}}, "somebody else"),
        ({"actor": None}, "somebody else"),
        ({"repository": {"id": 1}}, "another repository"),
        ({"repository": None}, "another repository"),
        ({"workflow_id": 1}, "another workflow"),
        ({"head_branch": "other"}, "another ref"),
        ({"head_branch": None}, "another ref"),
        ({"created_at": "2026-03-01T09:59:59Z"}, "another time"),
        ({"created_at": "2026-03-01T10:05:01Z"}, "another time"),
        ({"created_at": None}, "another time"),
    ],
)
def test_a_run_with_our_marker_that_misfits_in_one_thing_is_not_ours(change: dict[str, Any], why: str) -> None:
    (reason,) = misfits(run(**change), marker())
    assert why in reason


def test_the_filter_of_creation_is_a_range_in_utc() -> None:
    east = datetime.fromisoformat("2026-03-01T12:00:00.75+02:00")
    assert runs.created_filter(east) == ">=2026-03-01T10:00:00Z"


def test_the_documented_examples_of_branches_and_refs_are_read() -> None:
    assert refs.names_in((SAMPLES / "short-branch-with-protection-items.json").read_bytes(), "heads") == ("master",)
    found = refs.matching_in((SAMPLES / "git-ref-items.json").read_bytes(), "heads")
    assert found == ("feature-a", "feature-b")
    assert refs.matching_in((SAMPLES / "git-ref-items.json").read_bytes(), "tags") == ()
