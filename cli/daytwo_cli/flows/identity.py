"""Signing in and out as one of the example people."""

from daytwo_api.views.control import Me, SignInView
from daytwo_cli.ask.asker import Choice
from daytwo_cli.client.api import Api
from daytwo_cli.client.server import Server, find_server
from daytwo_cli.errors import CliError, Usage
from daytwo_cli.tools import Tools


def sign_in(tools: Tools, name: str | None, *, as_json: bool) -> None:
    """Keep a session for the server. Raises Usage when it is not said as whom, and nobody can be asked."""
    server = find_server(tools.environment, tools.logins, tools.here)
    api = Api(Server(url=server.url))
    try:
        login = api.sign_in(name or _pick(tools, api))
    finally:
        api.close()
    tools.logins.put(server.url, login)
    api = Api(Server(url=server.url, login=login))
    try:
        me = api.get("/me", Me)
    finally:
        api.close()
    if as_json:
        return tools.out.json(me.text)
    if "DAYTWO_TOKEN" in tools.environment:
        tools.out.note("DAYTWO_TOKEN is set, and counts before this login.")
    return tools.out.line(f"You are {me.view.name} on {server.url}, in {', '.join(me.view.groups) or 'no group'}.")


def sign_out(tools: Tools) -> None:
    """End the session there and forget it here."""
    server = find_server(tools.environment, tools.logins, tools.here)
    if server.login is None:
        raise CliError(
            f"Nobody is signed in to {server.url} by `daytwo login`, so nothing was ended. If you meant another "
            "server, name it in DAYTWO_URL; a token is revoked by `daytwo tokens revoke`."
        )
    api = Api(server)
    try:
        api.delete("/session")
    finally:
        api.close()
        tools.logins.forget(server.url)
    tools.out.line(f"{server.login.name} is signed out of {server.url}.")


def _pick(tools: Tools, api: Api) -> str:
    choices = [Choice(one.name, one.title, one.about) for one in api.get("/session", SignInView).view.choices]
    if not choices:
        raise CliError(f"{api.server.url} offers nobody to sign in as. Use a token: DAYTWO_TOKEN.")
    if not tools.asker.interactive:
        raise Usage(f"As whom? Say --as NAME, one of {', '.join(str(choice.value) for choice in choices)}.")
    chosen = tools.asker.choose(
        "Who are you", lambda typed: [one for one in choices if typed.lower() in one.words.lower()]
    )
    return str(chosen.value) if chosen else ""
