"""Doubles for what a form is handed: rules in place of expressions, and sources that can be told to fail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from pydantic import JsonValue

from daytwo_forms import FormSchema, Option, OptionPage, OptionQuery, Page, ResolvedForm, Sources, compile_form, resolve
from daytwo_store.errors import Rejected, Unavailable

Answers = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Rule:
    """An expression: what it reads, and what it comes to with the answers so far. Raising KeyError or TypeError is
    what an undefined name is."""

    fields: frozenset[str]
    work: Callable[[Mapping[str, object]], JsonValue]
    constant: bool = False

    def evaluate(self, context: Mapping[str, object]) -> JsonValue:
        try:
            return self.work(context)
        except (KeyError, TypeError) as error:
            raise Rejected(f"not defined: {error}") from error


@dataclass
class Rules:
    """A parser that knows `${{ name }}` by the rules that a test has given it."""

    known: dict[str, Rule] = field(default_factory=dict)

    def add(self, name: str, reads: Sequence[str], work: Callable[[dict[str, dict[str, JsonValue]]], JsonValue]) -> str:
        self.known[name] = Rule(frozenset(reads), work)  # type: ignore[arg-type]  # tests index contexts freely
        return f"${{{{ {name} }}}}"

    def parse(self, value: JsonValue, pointer: str) -> Rule:
        if isinstance(value, str) and value.startswith("${{"):
            name = value.removeprefix("${{").removesuffix("}}").strip()
            if name not in self.known:
                raise Rejected(f"no rule {name} at {pointer}")
            return self.known[name]
        return Rule(frozenset(), lambda _: value, constant=True)


def record(kind: str, name: str, **properties: JsonValue) -> dict[str, object]:
    return {
        "ref": f"{kind}:{name}",
        "name": name,
        "kind": kind,
        "properties": properties,
        "relations": {},
        "owner": "group:platform",
    }


@dataclass
class Catalog:
    """Entities that the asker may see."""

    records: dict[str, dict[str, object]] = field(default_factory=dict)
    down: bool = False
    asked: list[str] = field(default_factory=list)

    def add(self, kind: str, name: str, **properties: JsonValue) -> None:
        self.records[f"{kind}:{name}"] = record(kind, name, **properties)

    async def get(self, kind: str, name: str) -> Mapping[str, object] | None:
        self._answer(f"{kind}:{name}")
        return self.records.get(f"{kind}:{name}")

    async def search(self, kind: str, q: str, cursor: str | None) -> OptionPage:
        self._answer(f"{kind}?{q}")
        found = [one for one in self.records.values() if one["kind"] == kind and q in str(one["name"])]
        start = int(cursor or 0)
        options = [Option(value=str(one["ref"]), title=str(one["name"]).title()) for one in found[start : start + 50]]
        return OptionPage(options=options, next_cursor=str(start + 50) if len(found) > start + 50 else None)

    def _answer(self, asked: str) -> None:
        self.asked.append(asked)
        if self.down:
            raise Unavailable("the catalog does not answer")


@dataclass
class Lists:
    """Choices by (source, list, project or kind)."""

    values: dict[tuple[str, str | None, str | None], list[str]] = field(default_factory=dict)
    down: bool = False
    refuses: bool = False
    sloppy: bool = False  # answers a question for one value as a search, as some listings do
    asked: list[OptionQuery] = field(default_factory=list)

    async def options(self, query: OptionQuery) -> OptionPage:
        self.asked.append(query)
        if self.down:
            raise Unavailable("the connection does not answer")
        if self.refuses:
            raise Rejected("there is no such repository")
        found = self.values.get((query.source, query.list, query.project or query.kind), [])
        if query.exact is not None and not self.sloppy:
            return OptionPage(options=[Option(value=one, title=one) for one in found if one == query.exact])
        found = [one for one in found if (query.exact or query.search) in one]
        start = int(query.cursor or 0)
        page = [Option(value=one, title=one, detail=f"about {one}") for one in found[start : start + 50]]
        return OptionPage(options=page, next_cursor=str(start + 50) if len(found) > start + 50 else None)


@dataclass
class World:
    """A form with everything that it is handed."""

    rules: Rules = field(default_factory=Rules)
    catalog: Catalog = field(default_factory=Catalog)
    lists: Lists = field(default_factory=Lists)

    @property
    def sources(self) -> Sources:
        return Sources(options=self.lists, entities=self.catalog)

    def form(self, *pages: Mapping[str, JsonValue]) -> FormSchema:
        return compile_form([Page.model_validate(page) for page in pages], self.rules.parse)

    def one_page(self, required: Sequence[str] = (), **properties: JsonValue) -> FormSchema:
        return self.form({"title": "Page", "required": list(required), "properties": properties})

    async def resolve(self, form: FormSchema, answers: Answers | None = None, **context: object) -> ResolvedForm:
        return await resolve(form, answers or {}, context=context, sources=self.sources)


@pytest.fixture
def world() -> World:
    found = World()
    found.catalog.add("environment", "staging", tier="test")
    found.catalog.add("environment", "production", tier="live")
    found.catalog.add("service", "shop", repository="acme/shop")
    found.lists.values["github", "tags", "acme/shop"] = ["1.0.0", "1.1.0"]
    return found
