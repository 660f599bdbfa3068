"""The work tree of an attempt: a clone of exactly the dispatched commit, with all tags."""

import subprocess
from pathlib import Path


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


def work_tree(*, source: str, commit: str, target: Path, path: str, origin: str = "") -> Path:
    """Clone a repository and check out one commit; ``path`` is the PATH on which git is, ``origin`` renames the remote.

    Objects are shared with the source, so a commit that no branch names any more is still found.
    """
    _git(path, "clone", "--quiet", "--shared", "--no-checkout", source, str(target))
    _git(path, "-C", str(target), "checkout", "--quiet", "--detach", commit)
    if origin:
        _git(path, "-C", str(target), "remote", "set-url", "origin", origin)
    return target


def _git(path: str, *arguments: str) -> None:
    done = subprocess.run(
        ["git", *arguments], env=git_environment(path), capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise OSError(f"git {arguments[0]} ended with {done.returncode}: {said}")
