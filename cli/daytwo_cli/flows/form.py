"""Filling in a form: the server resolves it, we ask for what is missing.

There is no second description of a field here: title, choices, whether it is required and what is wrong with an answer
all come from `POST /actions/{name}/form`, or of what an approver fills in from `POST /approvals/{id}/form` (design §5).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from daytwo_api.views.actions import FormView, OptionsView
from daytwo_api.views.common import Fault
from daytwo_cli.ask.asker import Asker, Choice
from daytwo_cli.client.api import Api
from daytwo_cli.errors import Usage
from daytwo_cli.flows.values import Typed, choices, convert

Schema = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Field:
    """A field that is shown for the answers so far."""

    name: str
    schema: Schema
    options: Schema  # ui:options
    required: bool

    @property
    def title(self) -> str:
        return str(self.schema.get("title") or self.name)

    @property
    def many(self) -> bool:
        return self.schema.get("type") == "array"

    @property
    def item(self) -> Schema:
        """What one value is."""
        return _mapping(self.schema.get("items")) if self.many else self.schema


@dataclass(slots=True)
class Filling:
    """A form on its way to be complete."""

    api: Api
    where: str  # /actions/deploy
    about: Mapping[str, JsonValue]  # what is sent beside the answers
    answers: dict[str, JsonValue]
    option: str = "--input"  # by which an answer is given on the command line
    undone: str = "Nothing was sent"
    skipped: set[str] = field(default_factory=set)

    def resolve(self) -> FormView:
        """The form for the answers of now, with typed text turned into what the fields want."""
        while True:
            form = self.api.post(f"{self.where}/form", FormView, self._body(), reads=True).view
            typed = {one.name: one.schema for one in fields_of(form) if isinstance(self.answers.get(one.name), Typed)}
            if on_line := [name for name, schema in typed.items() if schema.get("writeOnly")]:
                raise Usage(_secret_on_line(on_line[0]))
            changed = False
            for name, schema in typed.items():
                text = str(self.answers[name])
                self.answers[name] = convert(text, schema)
                changed = changed or self.answers[name] != text
            if not changed:
                return form

    def search(self, one: Field) -> Callable[[str], Sequence[Choice]] | None:
        """How to find choices of a field; None when anything may be typed."""
        listed = [Choice(*choice) for choice in choices(one.item)]
        if listed:
            return lambda typed: [choice for choice in listed if typed.lower() in choice.words.lower()]
        if one.item.get("type") == "boolean":
            return lambda _: [Choice(True, "yes"), Choice(False, "no")]
        if one.options.get("remote"):
            return lambda typed: self._options(one.name, typed)
        return None

    def _options(self, name: str, typed: str) -> list[Choice]:
        body: dict[str, JsonValue] = {**self._body(), "search": typed}
        found = self.api.post(f"{self.where}/options/{name}", OptionsView, body, reads=True).view
        return [Choice(option.value, option.title, option.detail) for option in found.options]

    def _body(self) -> dict[str, JsonValue]:
        return {**self.about, "answers": self.answers}


def fill(filling: Filling, asker: Asker, *, ask_optional: bool) -> FormView:
    """Ask until nothing is missing or wrong. Raises Usage, with everything at once, when nobody can be asked."""
    while True:
        form = filling.resolve()
        wrong = {_name(fault): fault.detail for fault in form.errors}
        fields = fields_of(form)
        open_fields = [one for one in fields if one.name in wrong or _missing(one, form, filling)]
        unknown = [fault.detail for fault in form.errors if _name(fault) not in {one.name for one in fields}]
        if unknown or (open_fields and not asker.interactive):
            raise Usage(_all_faults(filling, open_fields, wrong, unknown))
        if not open_fields and asker.interactive and ask_optional:
            open_fields = [
                one for one in fields if one.name not in filling.skipped and not _answered(one, form, filling)
            ]
        if not open_fields:
            return form
        for warning in form.warnings:
            asker.say(warning.detail)
        _ask(open_fields[0], filling, asker, fault=wrong.get(open_fields[0].name))


def _secret_on_line(name: str) -> str:
    return (
        f"{name} is secret, and what stands on a command line can be read by others and is kept in the shell's "
        f"history. No run was started. Give it by a file (--secret {name}=FILE), by a pipe (--secret {name}=-), or "
        "type it when you are asked; and change this one."
    )


def fields_of(form: FormView) -> list[Field]:
    """All shown fields, in the order of the pages."""
    found = []
    for page in form.pages:
        properties, ui = _mapping(page.form_schema.get("properties")), page.ui
        required = page.form_schema.get("required")
        for name, schema in properties.items():
            options = _mapping(_mapping(ui.get(name)).get("ui:options"))
            found.append(Field(name, _mapping(schema), options, isinstance(required, list) and name in required))
    return found


def titles_of(form: FormView) -> dict[str, str]:
    return {one.name: one.title for one in fields_of(form)}


def inputs_of(form: FormView, filling: Filling) -> dict[str, JsonValue]:
    """What is submitted: the server's data, and the secrets, which it does not repeat."""
    secret = [one.name for one in fields_of(form) if one.schema.get("writeOnly")]
    return {**form.data, **{name: filling.answers[name] for name in secret if name in filling.answers}}


def _answered(one: Field, form: FormView, filling: Filling) -> bool:
    return one.name in form.data or bool(one.schema.get("writeOnly") and filling.answers.get(one.name))


def _missing(one: Field, form: FormView, filling: Filling) -> bool:
    return one.required and not _answered(one, form, filling)


def _ask(one: Field, filling: Filling, asker: Asker, *, fault: str | None) -> None:
    if fault:
        asker.say(fault)
    if description := one.schema.get("description"):
        asker.say(f"{one.title}: {description}")
    optional = not one.required
    search = filling.search(one)
    if search is None:
        answer = _typed(one, asker, optional=optional)
    elif one.many:
        answer = _several(one, search, asker, optional=optional)
    else:
        chosen = asker.choose(one.title, search, optional=optional)
        answer = _json(chosen.value) if chosen else None
    if answer in (None, "", []):
        filling.skipped.add(one.name)
        filling.answers.pop(one.name, None)
    else:
        filling.answers[one.name] = answer


def _typed(one: Field, asker: Asker, *, optional: bool) -> JsonValue:
    question = (
        one.title + (" (several, with commas)" if one.many else "") + (" (optional, Enter to skip)" if optional else "")
    )
    return convert(asker.text(question, secret=bool(one.schema.get("writeOnly"))), one.schema)


def _several(one: Field, search: Callable[[str], Sequence[Choice]], asker: Asker, *, optional: bool) -> list[JsonValue]:
    found: list[JsonValue] = []
    while chosen := asker.choose(f"{one.title}, number {len(found) + 1}", search, optional=optional or bool(found)):
        found.append(_json(chosen.value))
    return found


def _all_faults(
    filling: Filling, open_fields: Sequence[Field], wrong: Mapping[str, str], unknown: Sequence[str]
) -> str:
    lines = [f"  {wrong.get(one.name) or f'{one.title} is required'}  ({_option(filling, one)})" for one in open_fields]
    return "\n".join(
        [f"{filling.undone}: the answers are not complete.", *lines, *(f"  {detail}" for detail in unknown)]
    )


def _option(filling: Filling, one: Field) -> str:
    return f"--secret {one.name}=FILE" if one.schema.get("writeOnly") else f"{filling.option} {one.name}=…"


def _name(fault: Fault) -> str:
    """'/services/0' is about `services`."""
    return fault.pointer.removeprefix("/").split("/", 1)[0]


def _mapping(value: object) -> Schema:
    return value if isinstance(value, Mapping) else {}


def _json(value: object) -> JsonValue:
    return value if isinstance(value, str | int | float | bool) else str(value)
