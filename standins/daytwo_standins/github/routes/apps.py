"""What a GitHub App asks about itself, with its own signature. https://docs.github.com/en/rest/apps/apps"""

from typing import Any

from daytwo_standins.github.calls import Call, Operation
from daytwo_standins.github.config import App, Installation
from daytwo_standins.github.links import when
from daytwo_standins.github.paging import paged
from daytwo_standins.github.problems import ApiError, not_found
from daytwo_standins.github.views.accounts import simple_user
from daytwo_standins.shared.answers import Answer
from daytwo_standins.shared.ids import stable_id

_MADE = "2026-01-01T00:00:00Z"
_ONE = "/app/installations/{installation_id}"


async def app(call: Call) -> Answer:
    """The App itself."""
    own = _app(call)
    url = call.links.page("apps", own.slug)
    data = {
        "id": own.id,
        "slug": own.slug,
        "node_id": f"APP{own.id}",
        "owner": simple_user(own.slug, "Organization", call.links),
        "name": own.slug,
        "description": None,
        "external_url": url,
        "html_url": url,
        "created_at": _MADE,
        "updated_at": _MADE,
        "permissions": _permissions(own),
        "events": ["workflow_job", "workflow_run"],
        "installations_count": len(own.installations),
    }
    return Answer(data=data)


async def installations(call: Call) -> Answer:
    """Where the App is installed."""
    own = _app(call)
    shown, headers = paged(call, own.installations, call.links.page("app", "installations"))
    return Answer(data=[_view(call, own, one) for one in shown], headers=headers)


async def installation(call: Call) -> Answer:
    """One installation."""
    return Answer(data=_view(call, _app(call), _installation(call)))


async def of_repository(call: Call) -> Answer:
    """The installation that may see a repository."""
    name = f"{call.params['owner']}/{call.params['repo']}"
    repository = call.standin.repository(name)
    found = call.standin.apps.for_repository(_app(call), repository.full_name) if repository else None
    if found is None:
        raise not_found("apps/apps#get-a-repository-installation-for-the-authenticated-app")
    return Answer(data=_view(call, _app(call), found))


async def token(call: Call) -> Answer:
    """A token of an installation."""
    found = _installation(call)
    if found.id in call.standin.apps.suspended:
        raise ApiError(403, "This installation has been suspended")
    value, ends = call.standin.apps.give(_app(call), found)
    selection = "all" if found.repositories is None else "selected"
    data = {
        "token": value,
        "expires_at": when(ends),
        "permissions": _permissions(_app(call)),
        "repository_selection": selection,
    }
    return Answer(status=201, data=data)


async def suspend(call: Call) -> Answer:
    """Nobody may use the installation for now."""
    call.standin.apps.suspended.add(_installation(call).id)
    return Answer(status=204)


async def unsuspend(call: Call) -> Answer:
    """It may be used again."""
    call.standin.apps.suspended.discard(_installation(call).id)
    return Answer(status=204)


async def revoke(call: Call) -> Answer:
    """The token with which it is asked is not good any more."""
    call.standin.apps.revoke(call.headers.get("authorization", "").partition(" ")[2].strip())
    return Answer(status=204)


def _app(call: Call) -> App:
    assert call.app is not None
    return call.app


def _installation(call: Call) -> Installation:
    found = call.standin.apps.installation(_app(call), call.integer("installation_id"))
    if found is None:
        raise not_found("apps/apps#get-an-installation-for-the-authenticated-app")
    return found


def _permissions(own: App) -> dict[str, str]:
    return {
        "actions": "write" if "actions:write" in own.permissions else "read",
        "contents": "read",
        "metadata": "read",
    }


def _view(call: Call, own: App, one: Installation) -> dict[str, Any]:
    url = call.links.page("app", "installations", one.id)
    return {
        "id": one.id,
        "account": simple_user(one.account, "Organization", call.links),
        "repository_selection": "all" if one.repositories is None else "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": call.links.page("installation", "repositories"),
        "html_url": call.links.page("organizations", one.account, "settings", "installations", one.id),
        "app_id": own.id,
        "app_slug": own.slug,
        "target_id": stable_id("user", one.account.lower()),
        "target_type": "Organization",
        "permissions": _permissions(own),
        "events": ["workflow_job", "workflow_run"],
        "created_at": _MADE,
        "updated_at": _MADE,
        "single_file_name": None,
        "suspended_by": None,
        "suspended_at": _MADE if one.id in call.standin.apps.suspended else None,
    }


OPERATIONS = (
    Operation(name="get_app", method="GET", path="/app", handler=app, as_app=True),
    Operation(name="list_installations", method="GET", path="/app/installations", handler=installations, as_app=True),
    Operation(name="get_installation", method="GET", path=_ONE, handler=installation, as_app=True),
    Operation(
        name="get_repository_installation",
        method="GET",
        path="/repos/{owner}/{repo}/installation",
        handler=of_repository,
        as_app=True,
    ),
    Operation(name="create_token", method="POST", path=f"{_ONE}/access_tokens", handler=token, as_app=True),
    Operation(name="suspend", method="PUT", path=f"{_ONE}/suspended", handler=suspend, as_app=True),
    Operation(name="unsuspend", method="DELETE", path=f"{_ONE}/suspended", handler=unsuspend, as_app=True),
    Operation(name="revoke_token", method="DELETE", path="/installation/token", handler=revoke),
)
