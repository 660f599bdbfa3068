"""daytwo pipelines, daytwo check."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daytwo_cli.commands.options import AsJson
from daytwo_cli.tools import Tools

if TYPE_CHECKING:
    from daytwo_api.views.pipelines import PipelineView


class Form(StrEnum):
    """What a pipeline may be shown as."""

    TEXT = "text"
    ACTION = "action"


def pipelines(
    ctx: typer.Context,
    connection: Annotated[str, typer.Argument(metavar="CONNECTION", help="Name of a connection, as github.")],
    project: Annotated[str, typer.Argument(metavar="REPO", help="Repository, project path or namespace.")],
    pipeline: Annotated[
        str | None, typer.Argument(metavar="[PIPELINE]", help="One of them: its inputs, and what to mend in its file.")
    ] = None,
    ref: Annotated[
        str | None, typer.Option(help="Branch or tag to read it at; the default branch when left out.")
    ] = None,
    shape: Annotated[
        Form, typer.Option("--as", help="`action`: print an action file for the pipeline, to begin with.")
    ] = Form.TEXT,
    as_json: AsJson = False,
) -> None:
    """List what can be started in a repository, and what cannot and why; or show one pipeline's inputs."""
    from urllib.parse import quote

    from daytwo_api.views.common import Page
    from daytwo_api.views.pipelines import PipelineSummary, PipelineView
    from daytwo_cli.errors import Usage

    tools: Tools = ctx.obj
    if shape is Form.ACTION and (pipeline is None or as_json):
        raise Usage("--as action needs a PIPELINE, and does not go with --json. Nothing was asked.")
    path, query = f"/connections/{quote(connection, safe='')}/pipelines", {"project": project, "ref": ref}
    with tools.api() as api:
        if pipeline is not None:
            one = api.get(f"{path}/{quote(pipeline)}", PipelineView, query)
            if shape is Form.ACTION:
                for line in one.view.action.splitlines():
                    tools.out.line(line)
                return None
            return tools.out.json(one.text) if as_json else _show(tools, one.view)
        found = api.get(path, Page[PipelineSummary], query)
    if as_json:
        return tools.out.json(found.text)
    rows = [(each.pipeline or each.title, each.title, each.why_not or "can be started") for each in found.view.items]
    return tools.out.table(("PIPELINE", "TITLE", ""), rows, empty="There is no pipeline in this project.")


def check(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH…]", help="Action files, or folders of them; the registered actions when left out."
        ),
    ] = None,
    connection: Annotated[list[str] | None, typer.Option(help="Only steps of this one; may be repeated.")] = None,
    direct: Annotated[
        bool, typer.Option("--direct", help="Ask the CI systems from here, with the settings of DAYTWO_CONFIG.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 for warnings and for what could not be checked, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare actions with the pipelines that they start: inputs, types, options, marker, unsafe scripts."""
    from daytwo_cli.flows.check import by_server, directly, exit_of, show

    tools: Tools = ctx.obj
    if direct:
        found = directly(tools.environment, paths or [], connection or [])
    else:
        with tools.api() as api:
            found = by_server(api, paths or [], connection or [])
    if as_json:
        tools.out.json(found.model_dump_json())
    else:
        show(tools.out, found)
    raise typer.Exit(exit_of(found, strict=strict))


def _show(tools: Tools, one: "PipelineView") -> None:
    from daytwo_cli.show.plan import word

    at = f" at {one.ref}" if one.ref else ""
    tools.out.line(f"{one.file} of {one.project}{at}")
    rows = [
        (
            each.name,
            each.type,
            "yes" if each.required else "no",
            word(each.default),
            word(list(each.options)) if each.options else each.pattern or "",
            each.description or "",
        )
        for each in one.inputs
    ]
    columns = ("INPUT", "TYPE", "REQUIRED", "DEFAULT", "ONE OF", "DESCRIPTION")
    tools.out.table(columns, rows, empty="It declares no inputs.")
    if one.others:
        tools.out.line("It takes inputs that it does not declare.")
    for remark in one.remarks:
        place = f"{one.file}:{remark.line}" if remark.line else one.file
        tools.out.line(f"{place}: {remark.severity}: {remark.message}")
