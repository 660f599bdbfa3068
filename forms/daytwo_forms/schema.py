"""A form that was checked and can be resolved: fields with their expressions, in the order in which they depend on
each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from jsonschema import Draft202012Validator
from pydantic import JsonValue

from daytwo_forms.errors import FormRejected
from daytwo_forms.expressions import Expression, ExpressionParser
from daytwo_forms.fields import CatalogOptions, ConnectionOptions, FieldSpec, Item, ListedOptions, Page
from daytwo_forms.plain import Schema, plain_schema, ui_schema, validator
from daytwo_forms.rules import MAX_PAGES, SHORTEST_SECRET, default_faults, page_faults
from daytwo_forms.sources import CATALOG, VALUES, Listed
from daytwo_store.errors import DaytwoError, FieldFault


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """Where the choices of a field come from; `project`, `where` and `values` may depend on other answers."""

    source: str
    list: Listed | None
    kind: str | None
    project: Expression | None
    where: Expression | None
    values: Expression | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FormField:
    """One field. Of a list, `kind` and `choices` are those of its items."""

    name: str
    title: str
    page: int
    pointer: str
    many: bool
    required: bool | Expression
    visible: bool | Expression
    disabled: bool | Expression
    default: Expression | None
    kind: str | None
    choices: Choices | None
    secret: bool
    schema: Schema
    ui: Schema
    validator: Draft202012Validator

    @property
    def needs(self) -> frozenset[str]:
        """The fields that have to be answered before this one can be shown."""
        choices = (self.choices.project, self.choices.where, self.choices.values) if self.choices else ()
        every = (self.required, self.visible, self.disabled, self.default, *choices)
        return frozenset().union(*(one.fields for one in every if one is not None and not isinstance(one, bool)))


@dataclass(frozen=True, kw_only=True, slots=True)
class FormPage:
    title: str
    description: str | None
    fields: tuple[str, ...]  # in the order in which they are shown


@dataclass(frozen=True, kw_only=True, slots=True)
class FormSchema:
    """A checked form. Made by `compile_form` only."""

    pages: tuple[FormPage, ...]
    fields: Mapping[str, FormField]
    order: tuple[str, ...]  # of evaluation


def compile_form(pages: Sequence[Page], parse: ExpressionParser) -> FormSchema:
    """Check pages and make them ready. Raises `FormRejected` with every fault; pointers go into the list of pages."""
    return _Compiler(parse).form(pages)


class _Compiler:
    def __init__(self, parse: ExpressionParser) -> None:
        self._parse = parse
        self._faults: list[FieldFault] = []

    def form(self, pages: Sequence[Page]) -> FormSchema:
        if len(pages) > MAX_PAGES:
            self._fault(f"/{MAX_PAGES}", f"A form has at most {MAX_PAGES} pages")
        for number, page in enumerate(pages):
            self._faults += page_faults(page, f"/{number}")
        fields = self._fields(pages)
        order = self._order(fields)
        if self._faults:
            raise FormRejected(self._faults)
        return FormSchema(pages=tuple(map(_page, pages)), fields=fields, order=order)

    def _fields(self, pages: Sequence[Page]) -> dict[str, FormField]:
        fields: dict[str, FormField] = {}
        for number, page in enumerate(pages):
            for name, spec in page.properties.items():
                pointer = f"/{number}/properties/{name}"
                if name in fields:
                    self._fault(pointer, f"There is a field `{name}` on an earlier page; a name is used once")
                else:
                    fields[name] = self._field(name, spec, number, page)
        return fields

    def _field(self, name: str, spec: FieldSpec, number: int, page: Page) -> FormField:
        pointer = f"/{number}/properties/{name}"
        item: Item = spec.items if spec.type == "array" and spec.items is not None else spec
        own = spec.required if not isinstance(spec.required, list) else None
        schema = _long_enough(plain_schema(spec)) if spec.secret else plain_schema(spec)
        return FormField(
            name=name,
            title=spec.title or spoken(name),
            page=number,
            pointer=pointer,
            many=spec.type == "array",
            required=name in page.required or self._flag(own, f"{pointer}/required", unset=False),
            visible=self._flag(spec.visible, f"{pointer}/visible", unset=True),
            disabled=self._flag(spec.disabled, f"{pointer}/disabled", unset=False),
            default=self._default(spec, f"{pointer}/default"),
            kind=item.kind,
            choices=self._choices(item, f"{pointer}/items/from" if item is not spec else f"{pointer}/from"),
            secret=bool(spec.secret),
            schema=schema,
            ui=ui_schema(spec),
            validator=validator(schema),
        )

    def _flag(self, value: bool | str | None, pointer: str, *, unset: bool) -> bool | Expression:
        if isinstance(value, str):
            return self._expression(value, pointer) or unset
        return unset if value is None else value

    def _default(self, spec: FieldSpec, pointer: str) -> Expression | None:
        if spec.default is None:
            return None
        found = self._expression(spec.default, pointer)
        if found is not None and found.constant:
            self._faults += default_faults(spec, pointer.removesuffix("/default"))
        return found

    def _choices(self, item: Item, pointer: str) -> Choices | None:
        match item.from_:
            case ConnectionOptions() as options:
                if options.connection == CATALOG:
                    self._fault(f"{pointer}/connection", "No connection is called `catalog`; use `from: {catalog: …}`")
                project = self._expression(options.project, f"{pointer}/project")
                return Choices(source=options.connection, list=options.list, kind=None, project=project, where=None)
            case CatalogOptions(catalog=query):
                where = self._expression(dict(query.where), f"{pointer}/catalog/where")
                return Choices(source=CATALOG, list=None, kind=query.kind, project=None, where=where)
            case ListedOptions(values=template):
                values = self._expression(template, f"{pointer}/values")
                return Choices(source=VALUES, list=None, kind=None, project=None, where=None, values=values)
            case None:
                return None

    def _expression(self, value: JsonValue, pointer: str) -> Expression | None:
        try:
            return self._parse(value, pointer)
        except DaytwoError as error:
            self._fault(pointer, error.detail)
            return None

    def _order(self, fields: Mapping[str, FormField]) -> tuple[str, ...]:
        known = {name: sorted(need for need in field.needs if need in fields) for name, field in fields.items()}
        try:
            return tuple(TopologicalSorter(known).static_order())
        except CycleError as error:
            circle: list[str] = list(reversed(error.args[1]))
            way = " → ".join(f"`{name}`" for name in circle)
            self._fault(fields[circle[0]].pointer, f"Fields depend on each other in a circle: {way}")
            return ()

    def _fault(self, pointer: str, detail: str) -> None:
        self._faults.append(FieldFault(pointer, detail))


def _page(page: Page) -> FormPage:
    names = list(page.properties)
    if page.ui_order is not None:
        rest = [name for name in names if name not in page.ui_order]
        names = [name for entry in page.ui_order for name in (rest if entry == "*" else [entry])]
    return FormPage(title=page.title, description=page.description, fields=tuple(dict.fromkeys(names)))


def _long_enough(schema: Schema) -> Schema:
    """Of a secret: what could not be masked in a log is not taken."""
    own = schema.get("minLength")
    return {**schema, "minLength": max(SHORTEST_SECRET, own if isinstance(own, int) else 0)}


def spoken(name: str) -> str:
    """A title for a field without one: `targetHost` and `target_host` are both "Target host"."""
    words = "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in name).replace("_", " ").split()
    return " ".join(words).capitalize()
