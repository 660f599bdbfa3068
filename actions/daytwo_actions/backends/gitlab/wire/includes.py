"""What a pipeline's file brings in from elsewhere, and what of it a commit of the project does not hold still.

https://docs.gitlab.com/ci/yaml/#include and #triggerinclude. Local files are of the same commit. A file of another
project, a remote one, a template and a component are taken as they are when the pipeline starts, unless the file names
a commit or the content's hash. Pure; a file is never too broken to be told about.
"""

import re
from dataclasses import dataclass
from typing import Final

import yaml

from daytwo_actions.backends.pipeline_file import Unreadable, child, entries, items, read_file, word

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_OPEN: Final = re.compile(r"[*$]")  # a pattern, or a name that is known only when the pipeline starts


@dataclass(frozen=True, kw_only=True, slots=True)
class Included:
    """`local`: paths from the root of the repository. `loose`: the rest, in words, that may change by itself."""

    local: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()


def included_in(content: bytes) -> Included:
    """Never raises; a file that cannot be read brings nothing in."""
    try:
        documents = read_file(content).documents
    except Unreadable:
        return Included()
    local: list[str] = []
    loose: list[str] = []
    for document in documents:
        jobs = [child(job, "trigger") for _, _, job in entries(document)]
        for one in [*_listed(child(document, "include")), *(n for job in jobs for n in _listed(child(job, "include")))]:
            path, words = _read(one)
            local += [path] if path else []
            loose += words
        loose += [words for job in jobs if job is not None for words in _of_project(job, word(job))]
    return Included(local=tuple(dict.fromkeys(local)), loose=tuple(dict.fromkeys(loose)))


def _listed(node: yaml.Node | None) -> list[yaml.Node]:
    if node is None:
        return []
    return items(node) if isinstance(node, yaml.SequenceNode) else [node]


def _read(one: yaml.Node) -> tuple[str | None, list[str]]:
    """A local path, or words about what is loose; neither for what is held still."""
    told = {
        name: word(child(one, name)) for name in ("local", "remote", "template", "component", "project", "artifact")
    }
    plain = word(one)
    if plain is not None:
        told["remote" if plain.startswith(("http://", "https://")) else "local"] = plain
    if path := told["local"]:
        path = path.removeprefix("/")
        return (None, [f"what {path} includes in turn"]) if _OPEN.search(path) else (path, [])
    if told["remote"]:
        return None, [] if child(one, "integrity") is not None else [told["remote"]]
    if told["template"]:
        return None, [f"GitLab's template {told['template']}"]
    if told["component"]:
        fixed = _COMMIT.fullmatch(told["component"].rpartition("@")[2])
        return None, [] if fixed else [f"the component {told['component']}"]
    if told["artifact"]:
        return None, [f"what a job leaves as {told['artifact']}"]
    return None, _of_project(one)


def _of_project(one: yaml.Node, name: str | None = None) -> list[str]:
    """A file of another project, or the pipeline of one that a job starts."""
    project = name or word(child(one, "project"))
    if project is None:
        return []
    ref = word(child(one, "ref")) or word(child(one, "branch"))
    if ref is not None and _COMMIT.fullmatch(ref):
        return []
    file = child(one, "file")
    files = [word(each) or "" for each in _listed(file)] or ["the pipeline"]
    return [f"{each.removeprefix('/')} of {project} at {ref or 'its default branch'}" for each in files]
