"""Components of other projects that this server has: gitlab-ci-local, which reads a work tree, finds them there.

``include: component: $CI_SERVER_FQDN/PROJECT/NAME@VERSION`` (https://docs.gitlab.com/ci/components/). A version is a
tag, a branch or a commit, in this order; ``~latest`` and parts of versions are the CI/CD catalog's, and not known here.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import anyio

from daytwo_standins.shared.checkout import git_environment
from daytwo_standins.shared.git import GitRepository
from daytwo_standins.shared.launcher import steps_path

_HERE: Final = r"\$(?:\{)?CI_SERVER_(?:FQDN|HOST)(?:\})?"
_COMPONENT: Final = re.compile(
    rf"component:\s*[\"']?{_HERE}/(?P<project>[\w./-]+)/(?P<name>[\w-]+)@(?P<version>[\w.-]+)[\"']?"
)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_FOLDER: Final = ".components"
_OURS: Final = re.compile(
    rf"^  - local: (?:>-\n      )?/{re.escape(_FOLDER)}/.*?(?=^  - |^\S|\Z)", re.DOTALL | re.MULTILINE
)
_NO_INCLUDE: Final = re.compile(r"^include:\n(?=\S|\Z)", re.MULTILINE)


async def brought(text: str, tree: Path, gits: Mapping[str, GitRepository], *, own: str) -> str:
    """The configuration with the components of other projects as files of the work tree, which git knows, since
    gitlab-ci-local looks at no others. Those that are not found stay as they are, and it says so."""
    for found in list(_COMPONENT.finditer(text)):
        project, name, version = found["project"], found["name"], found["version"]
        if project == own or project not in gits:
            continue
        commit = await _commit(gits[project], version)
        content = await _template(gits[project], commit, name) if commit is not None else None
        if content is None:
            continue
        file = f"{_FOLDER}/{project.replace('/', '__')}-{name}-{commit}.yml"
        await anyio.Path(tree / _FOLDER).mkdir(exist_ok=True)
        await anyio.Path(tree / file).write_bytes(content)
        await anyio.run_process(["git", "add", "--intent-to-add", file], cwd=tree, env=git_environment(steps_path()))
        text = text.replace(found[0], f"local: /{file}")
    return text


def taken_out(expanded: str) -> str:
    """The expanded configuration without what was brought: all that it holds stands in it by now."""
    return _NO_INCLUDE.sub("", _OURS.sub("", expanded))


async def _commit(git: GitRepository, version: str) -> str | None:
    for name in (f"refs/tags/{version}", f"refs/heads/{version}"):
        if (ref := await git.find(name)) is not None:
            return ref.commit_sha
    return version if _COMMIT.fullmatch(version) else None


async def _template(git: GitRepository, commit: str, name: str) -> bytes | None:
    one = await git.read(commit, f"templates/{name}.yml")
    return one if one is not None else await git.read(commit, f"templates/{name}/template.yml")
