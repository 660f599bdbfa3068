"""What a pipeline's file brings in from elsewhere, and what of it a commit of the project does not hold still.

https://docs.gitlab.com/ci/yaml/#include and #triggerinclude, https://docs.gitlab.com/ci/components/. Local files are of
the same commit. A file of another project, a remote one, a template and a component are taken as they are when the
pipeline starts, unless the file names a commit or the content's hash. Pure; no file is too broken to be told about.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import yaml

from daytwo_actions.backends.pipeline_file import Unreadable, child, entries, items, read_file, word

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_OPEN: Final = re.compile(r"[*$]")  # a pattern, or a name that is known only when the pipeline starts
_COMPONENT: Final = re.compile(r"(?P<host>[^/@]+)/(?P<project>[^@]+)/(?P<name>[^/@]+)@(?P<version>[^@]+)")
_THIS_GITLAB: Final = frozenset({"$CI_SERVER_FQDN", "${CI_SERVER_FQDN}", "$CI_SERVER_HOST", "${CI_SERVER_HOST}"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Outside:
    """A file of another project, at a branch or tag: what it holds now can be read there.

    `paths`: where it may be; the first that is there counts. `ref`: None means the default branch.
    """

    project: str
    ref: str | None
    paths: tuple[str, ...]

    @property
    def where(self) -> str:
        return f"{self.project} at {self.ref or 'its default branch'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Included:
    """`local`: paths from the root of the repository. `loose`: in words, what changes by itself and cannot be read."""

    local: tuple[str, ...] = ()
    outside: tuple[Outside, ...] = ()
    loose: tuple[str, ...] = ()


def included_in(content: bytes, *, hosts: Collection[str] = ()) -> Included:
    """Never raises; a file that cannot be read brings nothing in. `hosts`: what this GitLab is called in components."""
    try:
        documents = read_file(content).documents
    except Unreadable:
        return Included()
    local: list[str] = []
    outside: list[Outside] = []
    loose: list[str] = []
    for document in documents:
        jobs = [child(job, "trigger") for _, _, job in entries(document)]
        for one in [*_listed(child(document, "include")), *(n for job in jobs for n in _listed(child(job, "include")))]:
            for found in _read(one, _THIS_GITLAB.union(hosts)):
                if isinstance(found, Outside):
                    outside.append(found)
                else:
                    (local if found.local else loose).append(found.text)
        loose += [words for job in jobs if job is not None for words in _started(job)]
    return Included(
        local=tuple(dict.fromkeys(local)), outside=tuple(dict.fromkeys(outside)), loose=tuple(dict.fromkeys(loose))
    )


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    local: bool = False


def _listed(node: yaml.Node | None) -> list[yaml.Node]:
    if node is None:
        return []
    return items(node) if isinstance(node, yaml.SequenceNode) else [node]


def _read(one: yaml.Node, hosts: Collection[str]) -> list[_Text | Outside]:
    """Local paths, files of other projects, or words about what is loose; nothing for what is held still."""
    told = {
        name: word(child(one, name)) for name in ("local", "remote", "template", "component", "project", "artifact")
    }
    plain = word(one)
    if plain is not None:
        told["remote" if plain.startswith(("http://", "https://")) else "local"] = plain
    if path := told["local"]:
        path = path.removeprefix("/")
        return [_Text(f"what {path} includes in turn")] if _OPEN.search(path) else [_Text(path, local=True)]
    if told["remote"]:
        return [] if child(one, "integrity") is not None else [_Text(told["remote"])]
    if told["template"]:
        return [_Text(f"GitLab's template {told['template']}")]
    if told["component"]:
        return _component(told["component"], hosts)
    if told["artifact"]:
        return [_Text(f"what a job leaves as {told['artifact']}")]
    return _of_project(one)


def _component(name: str, hosts: Collection[str]) -> list[_Text | Outside]:
    """A version is a commit, a tag or a branch, in this order, or what the catalog of GitLab makes of it."""
    parts = _COMPONENT.fullmatch(name)
    if parts is not None and _COMMIT.fullmatch(parts["version"]):
        return []
    closed = parts is not None and not _OPEN.search(f"{parts['project']}{parts['name']}{parts['version']}")
    if parts is None or not closed or parts["host"] not in hosts or parts["version"].startswith("~"):
        return [_Text(f"the component {name}")]
    paths = (f"templates/{parts['name']}.yml", f"templates/{parts['name']}/template.yml")
    return [Outside(project=parts["project"], ref=parts["version"], paths=paths)]


def _of_project(one: yaml.Node) -> list[_Text | Outside]:
    """Files of another project."""
    project, ref = word(child(one, "project")), word(child(one, "ref"))
    if project is None or (ref is not None and _COMMIT.fullmatch(ref)):
        return []
    found: list[_Text | Outside] = []
    for path in (word(each) or "" for each in _listed(child(one, "file"))):
        file = Outside(project=project, ref=ref, paths=(path.removeprefix("/"),))
        found.append(_Text(f"{file.paths[0]} of {file.where}") if _OPEN.search(f"{project}{ref or ''}{path}") else file)
    return found


def _started(job: yaml.Node) -> list[str]:
    """The pipeline of another project that a job starts, as it is when that job begins: nothing read now holds it."""
    project = word(job) or word(child(job, "project"))
    if project is None:
        return []
    return [f"the pipeline of {project} at {word(child(job, 'branch')) or 'its default branch'}"]
