"""daytwo login, logout, whoami, tokens."""

from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson
from daytwo_cli.tools import Tools

tokens = typer.Typer(help="Your API tokens.", no_args_is_help=True)


def login(
    ctx: typer.Context,
    as_: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Who you are, as ana.")] = None,
    as_json: AsJson = False,
) -> None:
    """Sign in as one of the people of `daytwo up`; later commands are then theirs."""
    from daytwo_cli.flows.identity import sign_in

    sign_in(ctx.obj, as_, as_json=as_json)


def logout(ctx: typer.Context) -> None:
    """Sign out of the server."""
    from daytwo_cli.flows.identity import sign_out

    sign_out(ctx.obj)


def may(
    ctx: typer.Context,
    do: Annotated[
        str,
        typer.Argument(
            help="What: run, decide, cancel, withdraw, undo, rerun, resume, resolve, evidence, or as locks.force."
        ),
    ],
    action: Annotated[str | None, typer.Option(help="With run: which action.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="... and on which entity, as service:shop.")] = None,
    run: Annotated[str | None, typer.Option(help="With cancel, undo and the like: which run.")] = None,
    approval: Annotated[str | None, typer.Option(help="With decide: which approval.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether you may do something, and if not, why not and who can help."""
    from daytwo_api.views.common import Permitted

    tools: Tools = ctx.obj
    asked = {"do": do, "action": action, "entity": on, "run": run, "approval": approval}
    with tools.api() as api:
        found = api.post("/me/may", Permitted, asked)
    if as_json:
        return tools.out.json(found.text)
    return tools.out.line("yes" if found.view.allowed else f"no: {found.view.why_not}")


def whoami(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Say who the server takes you for."""
    from daytwo_api.views.control import Me

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get("/me", Me)
        server = api.server.url
    if as_json:
        return tools.out.json(found.text)
    me = found.view
    return tools.out.facts(
        [
            ("you are", f"{me.name}{f' ({me.ref})' if me.ref else ''}"),
            ("in", ", ".join(me.groups)),
            ("roles", ", ".join(me.roles)),
            ("may", ", ".join(me.scopes)),
            ("on", server),
        ]
    )


@tokens.command("create")
def create_token(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="read, run, run:ACTION, approve or admin; may be given many times.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good for.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Make a token. Its secret is printed, this once."""
    from daytwo_api.views.control import TokenCreated

    tools: Tools = ctx.obj
    with tools.api() as api:
        made = api.post("/tokens", TokenCreated, {"name": name, "scopes": [*(scope or ["read"])], "days": days})
    if as_json:
        return tools.out.json(made.text)
    tools.out.note(f"Token {made.view.token.id}. Keep its secret now, it is not shown again; use it as DAYTWO_TOKEN:")
    return tools.out.line(made.view.secret)


@tokens.command("list")
def list_tokens(
    ctx: typer.Context,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="The newest of everybody, with their owners; for administrators.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List your tokens, without their secrets."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.control import TokenView
    from daytwo_cli.show.words import at

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get("/tokens/everybody" if everybody else "/tokens", Page[TokenView])
    if as_json:
        return tools.out.json(found.text)
    rows = [
        (
            one.id,
            one.name,
            one.owner.name,
            ", ".join(one.scopes),
            *map(at, (one.expires_at, one.last_used_at, one.revoked_at)),
        )
        for one in found.view.items
    ]
    return tools.out.table(
        ("TOKEN", "NAME", "OWNER", "MAY", "EXPIRES", "LAST USED", "REVOKED"), rows, empty="You have no token."
    )


@tokens.command("revoke")
def revoke_token(ctx: typer.Context, token: Annotated[str, typer.Argument(help="Its id, as t_….")]) -> None:
    """Make a token useless."""
    tools: Tools = ctx.obj
    with tools.api() as api:
        api.delete(f"/tokens/{token}")
    tools.out.line(f"{token} is revoked.")
