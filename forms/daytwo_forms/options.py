"""Choices: what to ask the source for the form, for a search, and for one value when answers are submitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import JsonValue

from daytwo_forms.errors import ChoicesUnavailable
from daytwo_forms.expressions import Expression
from daytwo_forms.resolved import ResolvedForm
from daytwo_forms.schema import Choices, FormField
from daytwo_forms.sources import PAGE, VALUES, Option, OptionPage, OptionQuery, Sources
from daytwo_store.errors import DaytwoError, FieldFault, NotFound, Unavailable

MOST_VALUES: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class NoQuery:
    """The choices cannot be asked for. `waits_for` names the unanswered fields that they depend on, if it is that."""

    reason: str
    waits_for: tuple[str, ...] = ()


def option_query(choices: Choices, context: Mapping[str, object], unanswered: frozenset[str]) -> OptionQuery | NoQuery:
    """The query with this context. `unanswered` are the fields that are null in it."""
    try:
        project = choices.project.evaluate(context) if choices.project else None
        where = choices.where.evaluate(context) if choices.where else {}
        values = choices.values.evaluate(context) if choices.values else []
    except DaytwoError as error:
        return NoQuery(reason=error.detail, waits_for=_waits(choices, unanswered))
    if choices.project is not None and not (isinstance(project, str) and project):
        return NoQuery(reason="The project to list is not text", waits_for=_waits(choices, unanswered))
    if not isinstance(values, list) or not all(_one(value) for value in values):
        return NoQuery(reason="The values are no list of texts or numbers", waits_for=_waits(choices, unanswered))
    return OptionQuery(
        source=choices.source,
        list=choices.list,
        project=project if isinstance(project, str) else None,
        kind=choices.kind,
        where=where if isinstance(where, dict) else {},
        values=tuple(dict.fromkeys(map(str, values[:MOST_VALUES]))),
    )


async def first_page(field: FormField, query: OptionQuery | None, sources: Sources) -> OptionPage | str:
    """The choices without a search, or a sentence that says why there are none now."""
    try:
        return await _page(field, query, sources, search="", cursor=None)
    except DaytwoError as error:
        return _not_fetched(field, error)


def _not_fetched(field: FormField, error: DaytwoError) -> str:
    return f"The choices of {field.title} could not be fetched: {error.detail}"


async def field_options(
    resolved: ResolvedForm, name: str, sources: Sources, *, search: str = "", cursor: str | None = None
) -> OptionPage:
    """One page of a field's choices, for these answers.

    Raises `NotFound` for a field without choices, or one that is not shown, `ChoicesUnavailable` when their source does
    not answer, and what else the source raises.
    """
    found = resolved.fields.get(name)
    if found is None or (found.field.choices is None and found.field.kind is None):
        raise NotFound(f"The form has no field `{name}` with choices for these answers. Nothing was changed.")
    if found.field.kind is None and found.query is None:
        return OptionPage(options=())
    try:
        return await _page(found.field, found.query, sources, search=search, cursor=cursor)
    except Unavailable as error:
        fault = FieldFault(f"/{name}", _not_fetched(found.field, error))
        raise ChoicesUnavailable([fault], outcome="Nothing was changed") from error


async def offered(query: OptionQuery, value: str, sources: Sources) -> bool:
    """Does the source offer exactly this value now? Raises what the source raises."""
    if query.source == VALUES:
        return value in query.values
    page = await sources.options.options(replace(query, exact=value))
    return any(option.value == value for option in page.options)


def complete(page: OptionPage) -> bool:
    """All choices there are, few enough to be sent with the form."""
    return page.next_cursor is None and 0 < len(page.options) <= PAGE


def listed(page: OptionPage) -> list[JsonValue]:
    """Choices as JSON Schema's `oneOf`."""
    return [_choice(option) for option in page.options]


async def _page(
    field: FormField, query: OptionQuery | None, sources: Sources, *, search: str, cursor: str | None
) -> OptionPage:
    if field.kind is not None:
        return await sources.entities.search(field.kind, search, cursor)
    if query is None:
        return OptionPage(options=())
    if query.source == VALUES:
        return _listed(query.values, search, cursor)
    return await sources.options.options(replace(query, search=search, cursor=cursor))


def _listed(values: Sequence[str], search: str, cursor: str | None) -> OptionPage:
    found = [value for value in values if search.casefold() in value.casefold()]
    start = int(cursor) if cursor is not None and cursor.isdecimal() else 0
    more = str(start + PAGE) if len(found) > start + PAGE else None
    page = found[start : start + PAGE]
    return OptionPage(options=[Option(value=value, title=value) for value in page], next_cursor=more)


def _one(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and str(value) != ""


def _choice(option: Option) -> JsonValue:
    choice: dict[str, JsonValue] = {"const": option.value, "title": option.title}
    if option.detail:
        choice["description"] = option.detail
    return choice


def _waits(choices: Choices, unanswered: frozenset[str]) -> tuple[str, ...]:
    named: tuple[Expression | None, ...] = (choices.project, choices.where, choices.values)
    return tuple(sorted(unanswered & frozenset().union(*(one.fields for one in named if one is not None))))
