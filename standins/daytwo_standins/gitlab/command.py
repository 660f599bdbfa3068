"""How gitlab-ci-local is called: nothing of our environment, everything that GitLab tells a job, no network.

Standard library only: the runner uses it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daytwo_standins.shared import processes
from daytwo_standins.shared.checkout import git_environment

_OPTIONS: Final = (
    "--force-shell-executor",
    "--no-shell-isolation",  # each job has its own work tree; isolation loses artifacts when there is an after_script
    "--no-artifacts-to-source",
    "--no-color",
    "--max-job-name-padding=0",
)


def environment(folder: Path, path: str) -> dict[str, str]:
    """The whole environment of gitlab-ci-local, which the job inherits."""
    for name in ("home", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    shared = {name: value for name, value in git_environment(path).items() if name != "GIT_CONFIG_GLOBAL"}
    return {
        **shared,
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "PAGER": "cat",
        "GIT_PAGER": "cat",
        processes.MARK: str(folder),
    }


def list_arguments(*, node: str, script: str, file: str, inputs: Path, variables: Mapping[str, str]) -> list[str]:
    """The command line that lists the jobs of a configuration and expands it."""
    return [node, script, "--list-json", f"--file={file}", f"--inputs-file={inputs}", *_OPTIONS, *_told(variables)]


def run_arguments(*, node: str, script: str, file: str, job: str, variables: Mapping[str, str]) -> list[str]:
    """The command line that runs one job."""
    unchecked = "--no-json-schema-validation"  # was done when the pipeline was created
    return [node, script, job, f"--file={file}", unchecked, *_OPTIONS, *_told(variables)]


def _told(variables: Mapping[str, str]) -> list[str]:
    names = ",".join(name for name in variables if name.startswith(("CI", "GITLAB_")))
    given = [f"--variable={name}={value}" for name, value in variables.items()]
    absent = [f"--unset-variable={name}" for name in ("CI_COMMIT_BRANCH", "CI_COMMIT_TAG") if name not in variables]
    return [f"--ignore-predefined-vars={names}", *absent, *given]
