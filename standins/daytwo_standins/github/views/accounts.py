"""Users and organisations."""

from typing import Any
from urllib.parse import quote

from daytwo_standins.github.links import Links, node_id
from daytwo_standins.shared.ids import stable_id

_LISTS = {
    "followers_url": "followers",
    "following_url": "following{/other_user}",
    "gists_url": "gists{/gist_id}",
    "starred_url": "starred{/owner}{/repo}",
    "subscriptions_url": "subscriptions",
    "organizations_url": "orgs",
    "repos_url": "repos",
    "events_url": "events{/privacy}",
    "received_events_url": "received_events",
}


def simple_user(login: str, kind: str, links: Links) -> dict[str, Any]:
    """GitHub's ``simple-user``."""
    number = stable_id("user", login.lower())
    url = links.page("users", quote(login))
    return {
        "login": login,
        "id": number,
        "node_id": node_id("User", number),
        "avatar_url": links.page("avatars", number),
        "gravatar_id": "",
        "url": url,
        "html_url": links.page(quote(login)),
        **{name: f"{url}/{path}" for name, path in _LISTS.items()},
        "type": kind,
        "site_admin": False,
    }


def own_user(login: str, kind: str, links: Links, created: str) -> dict[str, Any]:
    """GitHub's ``public-user``: what somebody sees of themselves."""
    return {
        **simple_user(login, kind, links),
        "user_view_type": "public",
        "name": login,
        "company": None,
        "blog": None,
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": created,
        "updated_at": created,
    }
