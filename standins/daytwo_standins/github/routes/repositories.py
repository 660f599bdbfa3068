"""Repositories, refs, commits and files: read from git."""

from typing import Any

from daytwo_standins.github.calls import Call, Operation
from daytwo_standins.github.paging import paged
from daytwo_standins.github.problems import ApiError, not_found
from daytwo_standins.github.views import repositories as views
from daytwo_standins.shared.answers import Answer
from daytwo_standins.shared.git import NO_DATE, Ref

_BASE = "/repos/{owner}/{repo}"


async def repository(call: Call) -> Answer:
    """The repository itself."""
    found = call.repository
    head = await call.standin.git(found).find(found.default_branch)
    changed = (await call.standin.commit(found.full_name, head.commit_sha)).committer.date if head else NO_DATE
    return Answer(data=views.full_repository(found, call.standin.config, call.links, changed))


async def branches(call: Call) -> Answer:
    """The branches, by name."""
    found = call.repository
    refs, headers = paged(call, await call.standin.git(found).refs("refs/heads/"), _here(call, "branches"))
    return Answer(data=[views.branch(found, ref, call.links) for ref in refs], headers=headers)


async def branch(call: Call) -> Answer:
    """One branch."""
    found, name = call.repository, call.params["branch"]
    ref = await call.standin.git(found).find(f"refs/heads/{name}")
    if ref is None:
        raise ApiError(404, "Branch not found", documentation="branches/branches#get-a-branch")
    commit = await call.standin.commit(found.full_name, ref.commit_sha)
    url = call.links.repository(found.full_name, "branches", name)
    protection = {
        "enabled": False,
        "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
    }
    data = {
        "name": name,
        "commit": views.commit(found, commit, call.links),
        "protected": False,
        "protection": protection,
        "protection_url": f"{url}/protection",
        "_links": {"self": url, "html": call.links.page(found.full_name, "tree", name)},
    }
    return Answer(data=data)


async def tags(call: Call) -> Answer:
    """The tags, the last by name first, as GitHub gives them."""
    found = call.repository
    refs: list[Ref] = list(reversed(await call.standin.git(found).refs("refs/tags/")))
    shown, headers = paged(call, refs, _here(call, "tags"))
    return Answer(data=[views.tag(found, ref, call.links) for ref in shown], headers=headers)


async def ref(call: Call) -> Answer:
    """One branch or tag as a git ref."""
    found = call.repository
    one = await call.standin.git(found).find(f"refs/{call.params['ref']}")
    if one is None:
        raise not_found("git/refs#get-a-reference")
    return Answer(data=views.git_ref(found, one, call.links))


async def matching_refs(call: Call) -> Answer:
    """All refs that start with what was given."""
    found = call.repository
    refs = await call.standin.git(found).refs(f"refs/{call.params['ref']}")
    return Answer(data=[views.git_ref(found, one, call.links) for one in refs])


async def commit(call: Call) -> Answer:
    """A commit by branch, tag or id."""
    found, name = call.repository, call.params["ref"]
    sha = await call.standin.git(found).resolve(name)
    if sha is None:
        raise ApiError(422, f"No commit found for SHA: {name}", documentation="commits/commits#get-a-commit")
    return Answer(data=views.commit(found, await call.standin.commit(found.full_name, sha), call.links))


async def contents(call: Call) -> Answer:
    """A file with its bytes, or a folder."""
    found, path = call.repository, call.params.get("path", "").strip("/")
    git, name = call.standin.git(found), call.query.get("ref") or found.default_branch
    sha = await git.resolve(name)
    if sha is None:
        raise ApiError(404, f"No commit found for the ref {name}", documentation="v3/repos/contents/")
    entries = await git.entries(sha, path)
    if not entries:
        raise not_found("repos/contents#get-repository-content")
    if len(entries) == 1 and entries[0].path == path:
        data: Any = views.content(found, entries[0], name, call.links, await git.read(sha, path))
    else:
        data = [views.content(found, entry, name, call.links, None) for entry in entries]
    return Answer(data=data)


async def environments(call: Call) -> Answer:
    """The environments of the configuration."""
    found = call.repository
    listed, headers = paged(call, found.environments, _here(call, "environments"))
    shown = [views.environment(found, one, call.links, NO_DATE) for one in listed]
    return Answer(data={"total_count": len(found.environments), "environments": shown}, headers=headers)


def _here(call: Call, *rest: str) -> str:
    return call.links.repository(call.repository.full_name, *rest)


OPERATIONS = (
    Operation(name="get_repository", method="GET", path=_BASE, handler=repository),
    Operation(name="list_branches", method="GET", path=f"{_BASE}/branches", handler=branches),
    Operation(name="get_branch", method="GET", path=f"{_BASE}/branches/{{branch:path}}", handler=branch),
    Operation(name="list_tags", method="GET", path=f"{_BASE}/tags", handler=tags),
    Operation(name="get_ref", method="GET", path=f"{_BASE}/git/ref/{{ref:path}}", handler=ref),
    Operation(
        name="matching_refs", method="GET", path=f"{_BASE}/git/matching-refs/{{ref:path}}", handler=matching_refs
    ),
    Operation(name="get_commit", method="GET", path=f"{_BASE}/commits/{{ref:path}}", handler=commit),
    Operation(name="list_root", method="GET", path=f"{_BASE}/contents", handler=contents),
    Operation(name="get_contents", method="GET", path=f"{_BASE}/contents/{{path:path}}", handler=contents),
    Operation(name="list_environments", method="GET", path=f"{_BASE}/environments", handler=environments),
)
