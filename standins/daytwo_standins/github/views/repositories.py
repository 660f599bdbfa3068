"""Repositories, refs, commits and files."""

import base64
import math
from typing import Any
from urllib.parse import quote

from daytwo_standins.github.config import Config, Environment, Repository
from daytwo_standins.github.links import Links, node_id
from daytwo_standins.github.views.accounts import simple_user
from daytwo_standins.shared.git import Commit, Entry, Person, Ref
from daytwo_standins.shared.ids import stable_id

_PLACES = {
    "archive_url": "{archive_format}{/ref}",
    "assignees_url": "assignees{/user}",
    "blobs_url": "git/blobs{/sha}",
    "branches_url": "branches{/branch}",
    "collaborators_url": "collaborators{/collaborator}",
    "comments_url": "comments{/number}",
    "commits_url": "commits{/sha}",
    "compare_url": "compare/{base}...{head}",
    "contents_url": "contents/{+path}",
    "contributors_url": "contributors",
    "deployments_url": "deployments",
    "downloads_url": "downloads",
    "events_url": "events",
    "forks_url": "forks",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "hooks_url": "hooks",
    "issue_comment_url": "issues/comments{/number}",
    "issue_events_url": "issues/events{/number}",
    "issues_url": "issues{/number}",
    "keys_url": "keys{/key_id}",
    "labels_url": "labels{/name}",
    "languages_url": "languages",
    "merges_url": "merges",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "pulls_url": "pulls{/number}",
    "releases_url": "releases{/id}",
    "stargazers_url": "stargazers",
    "statuses_url": "statuses/{sha}",
    "subscribers_url": "subscribers",
    "subscription_url": "subscription",
    "tags_url": "tags",
    "teams_url": "teams",
    "trees_url": "git/trees{/sha}",
}


def repository_id(repository: Repository) -> int:
    """The id of a repository."""
    return stable_id("repository", repository.full_name.lower())


def owner(repository: Repository, config: Config, links: Links) -> dict[str, Any]:
    """The account that a repository belongs to."""
    known = {account.login: account.type for account in config.accounts}
    return simple_user(repository.owner, known.get(repository.owner, "Organization"), links)


def minimal_repository(repository: Repository, config: Config, links: Links) -> dict[str, Any]:
    """GitHub's ``minimal-repository``, as it stands inside a run."""
    number = repository_id(repository)
    return {
        "id": number,
        "node_id": node_id("Repository", number),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": True,
        "owner": owner(repository, config, links),
        "html_url": links.page(repository.full_name),
        "description": None,
        "fork": False,
        "url": links.repository(repository.full_name),
        **{name: links.repository(repository.full_name, place) for name, place in _PLACES.items()},
    }


def full_repository(repository: Repository, config: Config, links: Links, changed: str) -> dict[str, Any]:
    """GitHub's ``full-repository``."""
    clone = links.page(f"{repository.full_name}.git")
    counts = ("forks", "open_issues", "watchers", "stargazers", "subscribers", "network")
    return {
        **minimal_repository(repository, config, links),
        **{f"{name}_count": 0 for name in counts},
        **dict.fromkeys(("forks", "open_issues", "watchers", "size"), 0),
        **{f"has_{name}": False for name in ("issues", "projects", "wiki", "pages", "discussions", "downloads")},
        **dict.fromkeys(("created_at", "updated_at", "pushed_at"), changed),
        "git_url": clone,
        "ssh_url": clone,
        "clone_url": clone,
        "svn_url": clone,
        "default_branch": repository.default_branch,
        "homepage": None,
        "language": None,
        "license": None,
        "mirror_url": None,
        "archived": False,
        "disabled": False,
        "visibility": "private",
        "permissions": {"admin": False, "maintain": False, "push": True, "triage": True, "pull": True},
    }


def branch(repository: Repository, ref: Ref, links: Links) -> dict[str, Any]:
    """GitHub's ``short-branch``."""
    return {"name": ref.name, "commit": _short_commit(repository, ref.commit_sha, links), "protected": False}


def tag(repository: Repository, ref: Ref, links: Links) -> dict[str, Any]:
    """GitHub's ``tag``."""
    return {
        "name": ref.name,
        "commit": _short_commit(repository, ref.commit_sha, links),
        "zipball_url": links.repository(repository.full_name, "zipball", ref.full),
        "tarball_url": links.repository(repository.full_name, "tarball", ref.full),
        "node_id": node_id("Ref", stable_id(repository.full_name, ref.full)),
    }


def git_ref(repository: Repository, ref: Ref, links: Links) -> dict[str, Any]:
    """GitHub's ``git-ref``; an annotated tag names a tag object, not the commit."""
    kind = "tag" if ref.object_sha != ref.commit_sha else "commit"
    return {
        "ref": ref.full,
        "node_id": node_id("Ref", stable_id(repository.full_name, ref.full)),
        "url": links.repository(repository.full_name, "git", ref.full),
        "object": {
            "sha": ref.object_sha,
            "type": kind,
            "url": links.repository(repository.full_name, "git", f"{kind}s", ref.object_sha),
        },
    }


def commit(repository: Repository, found: Commit, links: Links) -> dict[str, Any]:
    """GitHub's ``commit``."""
    url = links.repository(repository.full_name, "commits", found.sha)
    tree = links.repository(repository.full_name, "git", "trees", found.tree)
    return {
        "url": url,
        "sha": found.sha,
        "node_id": node_id("Commit", stable_id(found.sha)),
        "html_url": links.page(repository.full_name, "commit", found.sha),
        "comments_url": f"{url}/comments",
        "commit": {
            "url": links.repository(repository.full_name, "git", "commits", found.sha),
            "author": _person(found.author),
            "committer": _person(found.committer),
            "message": found.message,
            "comment_count": 0,
            "tree": {"sha": found.tree, "url": tree},
            "verification": {
                "verified": False,
                "reason": "unsigned",
                "payload": None,
                "signature": None,
                "verified_at": None,
            },
        },
        "author": None,
        "committer": None,
        "parents": [_parent(repository, sha, links) for sha in found.parents],
    }


def head_commit(found: Commit) -> dict[str, Any]:
    """The commit as it stands inside a run."""
    return {
        "id": found.sha,
        "tree_id": found.tree,
        "message": found.message,
        "timestamp": found.committer.date,
        "author": {"name": found.author.name, "email": found.author.email},
        "committer": {"name": found.committer.name, "email": found.committer.email},
    }


def content(repository: Repository, entry: Entry, ref: str, links: Links, data: bytes | None) -> dict[str, Any]:
    """GitHub's ``content-file``, or an entry of ``content-directory`` when there are no bytes."""
    path, at = quote(entry.path), quote(ref)
    url = f"{links.repository(repository.full_name, 'contents', path)}?ref={at}"
    blob = entry.kind == "blob"
    git = links.repository(repository.full_name, "git", "blobs" if blob else "trees", entry.sha)
    html = links.page(repository.full_name, "blob" if blob else "tree", at, path)
    view: dict[str, Any] = {
        "name": entry.path.rsplit("/", 1)[-1],
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size,
        "url": url,
        "html_url": html,
        "git_url": git,
        "download_url": links.page("raw", repository.full_name, at, path) if blob else None,
        "type": "file" if blob else "dir",
        "_links": {"self": url, "git": git, "html": html},
    }
    if data is not None:
        view |= {"content": base64.encodebytes(data).decode(), "encoding": "base64"}
    return view


def environment_id(repository: Repository, name: str) -> int:
    """The id of an environment."""
    return stable_id("environment", repository.full_name, name)


def reviewers(one: Environment, links: Links) -> list[dict[str, Any]]:
    """Who may approve."""
    return [{"type": "User", "reviewer": simple_user(login, "User", links)} for login in one.reviewers]


def environment(repository: Repository, one: Environment, links: Links, created: str) -> dict[str, Any]:
    """GitHub's ``environment``."""
    name = one.name
    number = environment_id(repository, name)
    rules: list[dict[str, Any]] = []
    if one.wait_timer:
        rules.append(
            {"id": number + 1, "node_id": node_id("Gate", number + 1), "type": "wait_timer"}
            | {"wait_timer": math.ceil(one.wait_timer)}
        )
    if one.reviewers:
        rules.append(
            {"id": number + 2, "node_id": node_id("Gate", number + 2), "type": "required_reviewers"}
            | {"prevent_self_review": False, "reviewers": reviewers(one, links)}
        )
    return {
        "id": number,
        "node_id": node_id("Environment", number),
        "name": name,
        "url": links.repository(repository.full_name, "environments", name),
        "html_url": links.page(repository.full_name, "deployments", "activity_log"),
        "created_at": created,
        "updated_at": created,
        "protection_rules": rules,
        "deployment_branch_policy": None,
    }


def _person(person: Person) -> dict[str, str]:
    return {"name": person.name, "email": person.email, "date": person.date}


def _short_commit(repository: Repository, sha: str, links: Links) -> dict[str, str]:
    return {"sha": sha, "url": links.repository(repository.full_name, "commits", sha)}


def _parent(repository: Repository, sha: str, links: Links) -> dict[str, str]:
    html = links.page(repository.full_name, "commit", sha)
    return {"sha": sha, "url": links.repository(repository.full_name, "commits", sha), "html_url": html}
