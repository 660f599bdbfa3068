"""How act is called: nothing of our environment, everything that GitHub tells a run, no network.

act ignores neither its own dot-files nor a checkout of the work tree, so both are switched off: files of settings are
named explicitly, and ``actions/checkout`` is ours (folder ``actions/``), which clones from the repository on disk
and so can resolve a tag without a network.
"""

import json
import os
from pathlib import Path

from daytwo_standins.github.local_actions import folder_of, is_ours
from daytwo_standins.github.records import Plan, PlannedJob
from daytwo_standins.github.shells import wrap_shells
from daytwo_standins.shared import processes
from daytwo_standins.shared.checkout import git_environment

SOURCE = "DAYTWO_STANDIN_SOURCE"
ARTIFACTS = "DAYTWO_STANDIN_ARTIFACTS"


def act_environment(plan: Plan, folder: Path) -> dict[str, str]:
    """The whole environment of act, which the steps inherit."""
    for name in ("home", "tmp", "artifacts"):
        (folder / name).mkdir(exist_ok=True)
    shared = {name: value for name, value in git_environment(plan.path).items() if name != "GIT_CONFIG_GLOBAL"}
    return {
        **shared,
        "PATH": os.pathsep.join([str(wrap_shells(folder, plan.path)), plan.path]),
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "PAGER": "cat",
        "GIT_PAGER": "cat",
        processes.MARK: str(folder),
    }


def act_arguments(plan: Plan, folder: Path, work: Path) -> list[str]:
    """The command line of act for this attempt."""
    event = folder / "event.json"
    event.write_text(json.dumps(plan.event), encoding="utf-8")
    nothing = folder / "nothing"
    nothing.touch()
    files = [f"--{kind}-file={nothing}" for kind in ("env", "var", "secret", "input")]
    told = [f"--env={name}={value}" for name, value in _told(plan, folder).items()]
    variables = [f"--var={name}={value}" for name, value in plan.variables.items()]
    return [
        plan.act,
        "workflow_dispatch",
        f"--workflows={plan.rewritten or work / plan.workflow_path}",
        f"--eventpath={event}",
        f"--actor={plan.actor}",
        *(f"--platform={label}=-self-hosted" for label in _labels(plan.jobs)),
        "--json",
        "--no-cache-server",
        "--no-skip-checkout",
        *files,
        *told,
        *variables,
        *_local_actions(plan.jobs),
    ]


def _told(plan: Plan, folder: Path) -> dict[str, str]:
    kind, name = ("tag", plan.ref.removeprefix("refs/tags/")) if plan.ref.startswith("refs/tags/") else ("branch", "")
    return {
        "GITHUB_RUN_ID": str(plan.run_id),
        "GITHUB_RUN_NUMBER": str(plan.run_number),
        "GITHUB_RUN_ATTEMPT": str(plan.attempt),
        "GITHUB_REPOSITORY": plan.repository,
        "GITHUB_REPOSITORY_OWNER": plan.repository.split("/")[0],
        "GITHUB_REF": plan.ref,
        "GITHUB_REF_TYPE": kind,
        "GITHUB_REF_NAME": name or plan.ref.removeprefix("refs/heads/"),
        "SHA_REF": plan.head_sha,
        "GITHUB_SERVER_URL": plan.server_url,
        "GITHUB_API_URL": plan.api_url,
        "GITHUB_WORKFLOW_REF": f"{plan.repository}/{plan.workflow_path}@{plan.ref}",
        "GITHUB_WORKFLOW_SHA": plan.head_sha,
        **plan.token_request,
        SOURCE: plan.source,
        ARTIFACTS: str(folder / "artifacts"),
    }


def _labels(jobs: tuple[PlannedJob, ...]) -> list[str]:
    """Every label that a job asks for runs here, and some that expressions usually come to."""
    usual = {"ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04", "self-hosted"}
    return sorted(usual | {label for job in jobs for label in job.labels if "${{" not in label})


def _local_actions(jobs: tuple[PlannedJob, ...]) -> list[str]:
    used = {step.uses for job in jobs for step in job.steps if is_ours(step.uses)}
    return [f"--local-repository={use}={folder_of(use)}" for use in sorted(used)]
