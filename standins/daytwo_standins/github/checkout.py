"""The work tree of an attempt: a clone of exactly the dispatched commit, with all tags."""

import subprocess
from pathlib import Path

from daytwo_standins.github.records import Plan


def git_environment(path: str) -> dict[str, str]:
    """Nothing of ours and nothing of the machine's configuration."""
    return {
        "PATH": path,
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "LC_ALL": "C.UTF-8",
    }


def work_tree(plan: Plan, target: Path) -> Path:
    """Clone the repository and check out the commit of the run.

    Objects are shared with the source, so a commit that no branch names any more is still found.
    """
    _git(plan, "clone", "--quiet", "--shared", "--no-checkout", plan.source, str(target))
    _git(plan, "-C", str(target), "checkout", "--quiet", "--detach", plan.head_sha)
    return target


def _git(plan: Plan, *arguments: str) -> None:
    done = subprocess.run(
        ["git", *arguments], env=git_environment(plan.path), capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise OSError(f"git {arguments[0]} ended with {done.returncode}: {said}")
