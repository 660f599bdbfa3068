"""What a workflow takes from other repositories as it is when the run starts: its commit does not hold it still.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsuses and
#jobsjob_iduses. What names a commit in full, or a digest of an image, stays as it is; `./` is of the same commit.
GitHub's own actions are taken as a part of GitHub.
"""

import re
from typing import Final

import yaml

from daytwo_actions.backends.pipeline_file import child, entries, items, word

_USED: Final = re.compile(r"(?P<owner>[^/@\s]+)/(?P<name>[^/@\s]+)(?P<path>/[^@\s]+)?@(?P<ref>\S+)")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_WORKFLOWS: Final = "/.github/workflows/"
_GITHUBS_OWN: Final = frozenset({"actions", "github"})
_IMAGE: Final = "docker://"


def loose_in(workflow: yaml.Node) -> tuple[str, ...]:
    """In words, each once: "deploy.yml of acme/ci at main", "the action acme/tools/claim at v1"."""
    jobs = [job for _, _, job in entries(child(workflow, "jobs"))]
    used = [word(child(part, "uses")) for job in jobs for part in (job, *items(child(job, "steps")))]
    return tuple(dict.fromkeys(words for one in used if one and (words := _loose(one))))


def _loose(used: str) -> str | None:
    if used.startswith(_IMAGE):
        return None if "@sha256:" in used else f"the image {used.removeprefix(_IMAGE)}"
    found = _USED.fullmatch(used)
    if found is None or _COMMIT.fullmatch(found["ref"]) or found["owner"].lower() in _GITHUBS_OWN:
        return None
    path, project = found["path"] or "", f"{found['owner']}/{found['name']}"
    if path.startswith(_WORKFLOWS):
        return f"{path.removeprefix(_WORKFLOWS)} of {project} at {found['ref']}"
    return f"the action {project}{path} at {found['ref']}"
