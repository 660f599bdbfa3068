"""The form of an action: definitions, expressions and forms bound together.

`sources` are bound to the asker: they answer only what that person may see.
"""

from collections.abc import Collection, Mapping

from pydantic import JsonValue

from daytwo_actions.definitions import ActionVersion
from daytwo_forms import (
    ChoicesUnavailable,
    InputRejected,
    OptionPage,
    ResolvedForm,
    Sources,
    ValidInput,
    accept,
    field_options,
    resolve,
)
from daytwo_forms.answers import read_answer
from daytwo_forms.schema import FormSchema
from daytwo_store.errors import FieldFault


async def resolve_form(
    version: ActionVersion,
    *,
    entity: Mapping[str, object] | None,
    user: Mapping[str, object],
    answers: Mapping[str, JsonValue],
    sources: Sources,
) -> ResolvedForm:
    """The form for these answers.

    `entity` is the record of the target, None without one; `user` has `name`, `ref`, `groups` and `email`.
    Raises `InputRejected` for answers beyond the limits only.
    """
    return await resolve(version.form, answers, context=_context(entity, user), sources=sources)


async def accept_inputs(
    version: ActionVersion,
    *,
    entity: Mapping[str, object] | None,
    user: Mapping[str, object],
    answers: Mapping[str, JsonValue],
    sources: Sources,
    at: str = "/inputs",
) -> ValidInput:
    """Resolve the form and accept the answers. `at` is their JSON pointer in what was sent.

    Raises `InputRejected` with every fault, or `ChoicesUnavailable` when a choice cannot be checked now.
    """
    context = _context(entity, user)
    resolved = await resolve(version.form, answers, context=context, sources=sources, choices=False, at=at)
    return await accept(resolved, sources, at=at)


async def without_hidden(
    version: ActionVersion,
    *,
    entity: Mapping[str, object] | None,
    user: Mapping[str, object],
    answers: Mapping[str, JsonValue],
    keep: Collection[str],
    sources: Sources,
) -> dict[str, JsonValue]:
    """The answers without those to fields that are not asked for with them, but for what is to be kept."""
    resolved = await resolve(version.form, answers, context=_context(entity, user), sources=sources, choices=False)
    hidden = version.form.fields.keys() - resolved.fields.keys() - set(keep)
    return {name: value for name, value in answers.items() if name not in hidden}


async def resolve_asked(
    form: FormSchema, *, context: Mapping[str, object], answers: Mapping[str, JsonValue], sources: Sources
) -> ResolvedForm:
    """A form that people fill in on the way, at a stage or at a step. `context` has what its expressions see besides
    `form`."""
    return await resolve(form, answers, context=context, sources=sources)


async def accept_asked(
    form: FormSchema,
    *,
    context: Mapping[str, object],
    answers: Mapping[str, JsonValue],
    sources: Sources,
    outcome: str = "Nothing was decided",
) -> ValidInput:
    """What was filled in, as the form is resolved now. Raises `InputRejected`, `ChoicesUnavailable`."""
    at = "/answers"
    try:
        resolved = await resolve(form, answers, context=context, sources=sources, choices=False, at=at)
        return await accept(resolved, sources, at=at)
    except InputRejected as error:
        raise InputRejected(error.errors, outcome=outcome) from error
    except ChoicesUnavailable as error:
        raise ChoicesUnavailable(error.errors, outcome=outcome) from error


async def asked_options(
    form: FormSchema,
    field: str,
    *,
    context: Mapping[str, object],
    answers: Mapping[str, JsonValue],
    sources: Sources,
    search: str = "",
    cursor: str | None = None,
) -> OptionPage:
    """One page of the choices of a field of such a form. Raises as `list_options` does."""
    resolved = await resolve(form, answers, context=context, sources=sources, choices=False)
    return await field_options(resolved, field, sources, search=search, cursor=cursor)


def without_secrets(form: FormSchema, inputs: ValidInput) -> tuple[ValidInput, dict[str, str]]:
    """Accepted answers in two: what may be stored and shown, and the secret ones."""
    secret = {name for name, field in form.fields.items() if field.secret}
    shown = ValidInput({name: value for name, value in inputs.items() if name not in secret})
    return shown, {name: str(value) for name, value in inputs.items() if name in secret}


async def list_options(
    version: ActionVersion,
    field: str,
    *,
    entity: Mapping[str, object] | None,
    user: Mapping[str, object],
    answers: Mapping[str, JsonValue],
    sources: Sources,
    search: str = "",
    cursor: str | None = None,
) -> OptionPage:
    """One page of a field's choices. Raises `NotFound` for a field without any, and what the source raises."""
    context = _context(entity, user)
    resolved = await resolve(version.form, answers, context=context, sources=sources, choices=False)
    return await field_options(resolved, field, sources, search=search, cursor=cursor)


async def inputs_context(version: ActionVersion, inputs: ValidInput, sources: Sources) -> Mapping[str, JsonValue]:
    """`inputs` of expressions, from stored answers: every declared field, null when unanswered; entities as records.

    An entity that is gone, or may not be seen any more, is null, so that what names a member of it fails safe.
    Raises `Unavailable` when the source of entities does not answer.
    """
    found: dict[str, JsonValue] = {}
    for name, field in version.form.fields.items():
        answer = await read_answer(field, inputs.get(name), sources.entities)
        if answer.unchecked:
            raise ChoicesUnavailable([FieldFault(f"/inputs/{name}", answer.unchecked)])
        found[name] = answer.record
    return found


def _context(entity: Mapping[str, object] | None, user: Mapping[str, object]) -> Mapping[str, object]:
    return {"user": user} if entity is None else {"user": user, "entity": entity}
