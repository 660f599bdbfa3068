"""Projects, branches, tags, commits, files. https://docs.gitlab.com/api/repository_files/"""

import base64
import hashlib
from typing import Any

from daytwo_standins.gitlab import views
from daytwo_standins.gitlab.calls import Call
from daytwo_standins.gitlab.paging import paged
from daytwo_standins.gitlab.problems import invalid_parameter, not_found
from daytwo_standins.gitlab.routing import API, Operation
from daytwo_standins.gitlab.views import Scene
from daytwo_standins.shared.answers import Answer
from daytwo_standins.shared.git import Ref


async def project(call: Call) -> Answer:
    """A project."""
    return Answer(data=views.project(_scene(call)))


async def branches(call: Call) -> Answer:
    """The branches, those whose name has ``search`` in it."""
    return await _refs(call, "refs/heads/", _branch)


async def branch(call: Call) -> Answer:
    """One branch."""
    found = await call.standin.git(call.project).find(f"refs/heads/{call.params['branch']}")
    if found is None:
        raise not_found("Branch")
    return Answer(data=await _branch(call, found))


async def tags(call: Call) -> Answer:
    """The tags."""
    return await _refs(call, "refs/tags/", _tag)


async def tag(call: Call) -> Answer:
    """One tag."""
    found = await call.standin.git(call.project).find(f"refs/tags/{call.params['tag']}")
    if found is None:
        raise not_found("Tag")
    return Answer(data=await _tag(call, found))


async def commit(call: Call) -> Answer:
    """The commit that a branch, a tag or an id means."""
    sha = await call.standin.git(call.project).resolve(call.params["sha"])
    if sha is None:
        raise not_found("Commit")
    found = await call.standin.commit(call.project.full_path, sha)
    return Answer(data={**views.commit(_scene(call), found), "status": None, "project_id": call.project.number})


async def file(call: Call) -> Answer:
    """A file with its content in base64."""
    sha, content = await _file(call)
    path = call.params["path"]
    facts = {
        "file_name": path.rpartition("/")[2],
        "file_path": path,
        "size": len(content),
        "encoding": "base64",
        "content_sha256": hashlib.sha256(content).hexdigest(),
        "ref": call.query["ref"],
        "blob_id": hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest(),
        "commit_id": sha,
        "last_commit_id": sha,
        "execute_filemode": False,
    }
    return Answer(data={**facts, "content": base64.b64encode(content).decode()})


async def raw_file(call: Call) -> Answer:
    """A file as it is."""
    _, content = await _file(call)
    return Answer(raw=content, headers={"content-type": "text/plain; charset=utf-8"})


async def tree(call: Call) -> Answer:
    """What stands in a folder."""
    git = call.standin.git(call.project)
    sha = await git.resolve(call.query.get("ref") or call.project.default_branch)
    entries = await git.entries(sha, call.query.get("path", "")) if sha else []
    if sha is None:
        raise not_found("Tree")
    data = [
        {
            "id": one.sha,
            "name": one.path.rpartition("/")[2],
            "type": one.kind,
            "path": one.path,
            "mode": "040000" if one.kind == "tree" else "100644",
        }
        for one in entries
    ]
    shown, headers = paged(call, data)
    return Answer(data=list(shown), headers=headers)


async def _file(call: Call) -> tuple[str, bytes]:
    name = call.query.get("ref") or ("" if call.path.endswith("/raw") is False else call.project.default_branch)
    if not name:
        raise invalid_parameter("ref", "is missing, ref is empty")
    git = call.standin.git(call.project)
    sha = await git.resolve(call.project.default_branch if name == "HEAD" else name)
    if sha is None:
        raise not_found("Commit")
    content = await git.read(sha, call.params["path"])
    if content is None:
        raise not_found("File")
    return sha, content


async def _refs(call: Call, prefix: str, view: Any) -> Answer:
    found = await call.standin.git(call.project).refs(prefix)
    wanted = call.query.get("search") or ""
    shown, headers = paged(call, [ref for ref in found if wanted in ref.name])
    return Answer(data=[await view(call, ref) for ref in shown], headers=headers)


async def _branch(call: Call, ref: Ref) -> dict[str, Any]:
    found = await call.standin.commit(call.project.full_path, ref.commit_sha)
    main = ref.name == call.project.default_branch
    return {
        "name": ref.name,
        "commit": views.commit(_scene(call), found),
        "merged": False,
        "protected": main,
        "developers_can_push": False,
        "developers_can_merge": False,
        "can_push": False,
        "default": main,
        "web_url": _scene(call).web("-", "tree", ref.name),
    }


async def _tag(call: Call, ref: Ref) -> dict[str, Any]:
    found = await call.standin.commit(call.project.full_path, ref.commit_sha)
    shown = views.commit(_scene(call), found)
    return {
        "name": ref.name,
        "message": "",
        "target": ref.object_sha,
        "commit": shown,
        "release": None,
        "protected": False,
        "created_at": None,
    }


def _scene(call: Call) -> Scene:
    return Scene(base=call.base, project=call.project)


_PROJECT = f"{API}/projects/{{id}}"
_GIT = f"{_PROJECT}/repository"
OPERATIONS = (
    Operation(name="get_project", method="GET", path=_PROJECT, handler=project),
    Operation(name="list_branches", method="GET", path=f"{_GIT}/branches", handler=branches),
    Operation(name="get_branch", method="GET", path=f"{_GIT}/branches/{{branch}}", handler=branch),
    Operation(name="list_tags", method="GET", path=f"{_GIT}/tags", handler=tags),
    Operation(name="get_tag", method="GET", path=f"{_GIT}/tags/{{tag}}", handler=tag),
    Operation(name="get_commit", method="GET", path=f"{_GIT}/commits/{{sha}}", handler=commit),
    Operation(name="list_tree", method="GET", path=f"{_GIT}/tree", handler=tree),
    Operation(name="get_file", method="GET", path=f"{_GIT}/files/{{path}}", handler=file),
    Operation(name="raw_file", method="GET", path=f"{_GIT}/files/{{path}}/raw", handler=raw_file),
)
