"""How a resolved form looks: plain JSON Schema, uiSchema and data of each page.

Nothing is preselected: react-jsonschema-form fills in `default` and, unless told not to, a lone `const`; so no schema
carries a default, and what is filled in stands in the data, where the server put it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from daytwo_forms.options import complete, listed
from daytwo_forms.plain import Schema
from daytwo_forms.resolved import ResolvedField, ResolvedPage
from daytwo_forms.schema import FormPage, FormSchema
from daytwo_forms.sources import OptionPage


@dataclass(frozen=True, kw_only=True, slots=True)
class Looks:
    """Everything that pages are drawn from. `waiting` names the answers that a field's choices wait for."""

    form: FormSchema
    fields: Mapping[str, ResolvedField]
    choices: Mapping[str, OptionPage]
    waiting: Mapping[str, tuple[str, ...]]


def page(one: FormPage, looks: Looks) -> ResolvedPage | None:
    """One page, or None when no field of it is shown."""
    shown = [looks.fields[name] for name in one.fields if name in looks.fields]
    if not shown:
        return None
    schema: Schema = {"type": "object", "title": one.title}
    if one.description is not None:
        schema["description"] = one.description
    schema["properties"] = {field.field.name: _schema(field, looks) for field in shown}
    schema["required"] = [field.field.name for field in shown if field.required]
    schema["additionalProperties"] = False
    ui: Schema = {field.field.name: _ui(field, looks) for field in shown}
    ui["ui:order"] = [field.field.name for field in shown]
    data = {field.field.name: field.data for field in shown if field.data is not None and not field.field.secret}
    return ResolvedPage(title=one.title, description=one.description, schema=schema, ui=ui, data=data)


def _schema(one: ResolvedField, looks: Looks) -> JsonValue:
    schema = {"title": one.field.title, **one.field.schema}
    if one.field.secret:
        schema["writeOnly"] = True
    found = looks.choices.get(one.field.name)
    if found is None or not complete(found):
        return schema
    if not one.field.many:
        return {**schema, "oneOf": listed(found)}
    items = schema.get("items")
    return {**schema, "items": {**(items if isinstance(items, dict) else {}), "oneOf": listed(found)}}


def _ui(one: ResolvedField, looks: Looks) -> JsonValue:
    ui = dict(one.field.ui)
    if one.disabled:
        ui["ui:disabled"] = True
    if one.field.secret:
        ui["ui:widget"] = "password"
    options = ui.get("ui:options")
    said: Schema = dict(options) if isinstance(options, dict) else {}
    if one.field.kind is not None:
        said["entity"] = one.field.kind
    if one.field.kind is not None or one.field.choices is not None:
        found = looks.choices.get(one.field.name)
        if found is None or not complete(found):
            said["remote"] = True
    if waits := looks.waiting.get(one.field.name):
        said["waitsFor"] = list(waits)
        ui.setdefault("ui:placeholder", f"Choose {looks.form.fields[waits[0]].title} first")
    if said:
        ui["ui:options"] = said
    return ui
