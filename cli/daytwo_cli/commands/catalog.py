"""daytwo entities."""

from typing import TYPE_CHECKING, Annotated

import typer

from daytwo_cli.commands.options import AsJson, Cursor, Limit
from daytwo_cli.tools import Tools

if TYPE_CHECKING:
    from daytwo_api.views.catalog import EntityView


def entities(
    ctx: typer.Context,
    ref: Annotated[str | None, typer.Argument(metavar="[REF]", help="One entity, as service:shop.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    search: Annotated[str, typer.Option(help="Only with this text.")] = "",
    owner: Annotated[str | None, typer.Option(help="Only of this owner, as group:sre.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List what exists, or show one entity."""
    from daytwo_api.views.catalog import EntitySearch, EntitySummary, EntityView
    from daytwo_api.views.common import Page
    from daytwo_cli.errors import Usage

    tools: Tools = ctx.obj
    if ref is not None:
        kind, colon, name = ref.partition(":")
        if not colon:
            raise Usage(f"{ref!r} is not an entity; it looks like service:shop. Nothing was asked.")
        with tools.api() as api:
            one = api.get(f"/entities/{kind}/{name}", EntityView)
        return tools.out.json(one.text) if as_json else _print(tools, one.view)
    asked = EntitySearch(kind=kind, text=search, owner=owner, cursor=cursor, limit=limit)
    with tools.api() as api:
        found = api.post("/entities/search", Page[EntitySummary], asked.model_dump(mode="json"), reads=True)
    if as_json:
        return tools.out.json(found.text)
    rows = [(each.ref, each.title, each.owner or "–") for each in found.view.items]
    tools.out.table(("ENTITY", "TITLE", "OWNER"), rows, empty="There is no such entity, or you may not see it.")
    if found.view.next_cursor:
        tools.out.note(f"There are more: --cursor {found.view.next_cursor}")
    return None


def _print(tools: Tools, entity: "EntityView") -> None:
    from daytwo_cli.show.plan import flat
    from daytwo_cli.show.words import at

    tools.out.line(f"{entity.ref}  {entity.title}")
    tools.out.facts(
        [
            ("owner", entity.owner),
            *flat(entity.properties).items(),
            *((name, ", ".join(refs)) for name, refs in entity.relations.items()),
            ("referred to by", ", ".join(entity.referenced_by) + (" and more" if entity.referenced_by_more else "")),
            ("changed", f"{at(entity.changed_at)} UTC by {entity.changed_by} (version {entity.version})"),
        ]
    )
