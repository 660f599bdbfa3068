"""From raw answers to `ValidInput`, or every fault at once. What is checked is the form as the server resolved it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NewType

from pydantic import JsonValue

from daytwo_forms import messages, options
from daytwo_forms.answers import is_blank
from daytwo_forms.errors import ChoicesUnavailable, InputRejected
from daytwo_forms.pointers import under
from daytwo_forms.resolved import ResolvedField, ResolvedForm
from daytwo_forms.sources import Sources
from daytwo_store.errors import DaytwoError, FieldFault, Unavailable

ValidInput = NewType("ValidInput", Mapping[str, JsonValue])
"""Answers that a form accepted: shown fields only, no nulls, entities as refs. Only `accept` makes one."""


async def accept(resolved: ResolvedForm, sources: Sources, *, at: str = "/inputs") -> ValidInput:
    """Accept the answers that a form was resolved with. `at` is their JSON pointer in what was sent.

    Choices are asked for again, one by one and by their exact value. Raises `InputRejected` with every fault, or
    `ChoicesUnavailable` when nothing is wrong except that a choice cannot be checked now.
    """
    faults = _answer_faults(resolved)
    doubts: list[FieldFault] = []
    for one in resolved.fields.values():
        faults += _field_faults(one)
        if one.unchecked:
            doubts.append(FieldFault(f"/{one.field.name}", one.unchecked))
    checked = await asyncio.gather(*(_choice(one, sources) for one in resolved.fields.values() if _chosen(one)))
    for wrong, unknown in checked:
        faults += wrong
        doubts += unknown
    if faults:
        raise InputRejected(_under(at, faults))
    if doubts:
        raise ChoicesUnavailable(_under(at, doubts))
    order = [name for page in resolved.form.pages for name in page.fields if name in resolved.fields]
    return ValidInput({name: data for name in order if not is_blank(data := resolved.fields[name].data)})


def _answer_faults(resolved: ResolvedForm) -> list[FieldFault]:
    """Answers to what is not asked."""
    faults = []
    for name, value in resolved.answers.items():
        known = resolved.form.fields.get(name)
        if known is None:
            faults.append(FieldFault(under("", name), messages.unknown(name, resolved.form.fields)))
        elif name not in resolved.fields and not is_blank(value):
            detail = f"{known.title} is not asked for with these answers; leave it out"
            faults.append(FieldFault(f"/{name}", detail))
    return faults


def _field_faults(one: ResolvedField) -> list[FieldFault]:
    pointer = f"/{one.field.name}"
    faults = [FieldFault(f"{pointer}{fault.pointer}", fault.detail) for fault in one.faults]
    if one.required and is_blank(one.data):
        faults.append(FieldFault(pointer, messages.required(one.field.title)))
    if one.changed:
        faults.append(FieldFault(pointer, f"{one.field.title} cannot be changed here; leave it out"))
    return faults


def _chosen(one: ResolvedField) -> bool:
    return one.field.choices is not None and not one.faults and not is_blank(one.data)


async def _choice(one: ResolvedField, sources: Sources) -> tuple[Sequence[FieldFault], Sequence[FieldFault]]:
    """What is wrong with the choices of a field, and what could not be found out about them."""
    wrong: list[FieldFault] = []
    unknown: list[FieldFault] = []
    for number, item in enumerate(one.data if isinstance(one.data, list) else [one.data]):
        pointer = f"/{one.field.name}/{number}" if one.field.many else f"/{one.field.name}"
        try:
            good = one.query is not None and await options.offered(one.query, str(item), sources)
        except Unavailable as error:
            unknown.append(FieldFault(pointer, f"{one.field.title} cannot be checked: {error.detail}"))
        except DaytwoError as error:
            wrong.append(FieldFault(pointer, f"The choices of {one.field.title} cannot be asked for: {error.detail}"))
        else:
            wrong += [] if good else [FieldFault(pointer, messages.not_offered(one.field.title))]
    return wrong, unknown


def _under(at: str, faults: Sequence[FieldFault]) -> list[FieldFault]:
    return [FieldFault(f"{at}{fault.pointer}", fault.detail) for fault in faults]
