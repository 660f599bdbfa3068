"""The form for given answers.

What cannot be worked out fails safe (design §5): a field is then shown, required, enabled, and without default. That a
field depends on one that is not answered yet is no fault and is not mentioned; it is then not shown before the answer.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from daytwo_forms import messages, options
from daytwo_forms.answers import Answer, is_blank, read_answer
from daytwo_forms.errors import InputRejected
from daytwo_forms.expressions import Expression
from daytwo_forms.limits import AnswerLimits, limit_faults
from daytwo_forms.pages import Looks, page
from daytwo_forms.pointers import under
from daytwo_forms.resolved import ResolvedField, ResolvedForm
from daytwo_forms.schema import FormField, FormSchema
from daytwo_forms.sources import OptionPage, OptionQuery, Sources
from daytwo_store.errors import DaytwoError, FieldFault


async def resolve(
    form: FormSchema,
    answers: Mapping[str, JsonValue],
    *,
    context: Mapping[str, object],
    sources: Sources,
    limits: AnswerLimits | None = None,
    choices: bool = True,
    at: str = "",
) -> ResolvedForm:
    """Resolve a form. `context` holds what expressions see besides `form`: `entity` and `user`.

    Without `choices` no list of choices is fetched: enough to accept answers, where each choice is asked for itself.
    A source that does not answer is a warning at its field. Raises `InputRejected` for answers beyond the limits only,
    with pointers below `at`; other faults of answers are in `errors`.
    """
    faults = limit_faults(answers, at, limits or AnswerLimits())
    if faults:
        raise InputRejected(faults)
    resolver = _Resolver(form, answers, context, sources)
    for name in form.order:
        await resolver.field(form.fields[name])
    return await resolver.form(choices=choices)


@dataclass(slots=True)
class _State:
    fields: dict[str, ResolvedField] = field(default_factory=dict)
    values: dict[str, JsonValue] = field(default_factory=dict)
    errors: list[FieldFault] = field(default_factory=list)
    warnings: list[FieldFault] = field(default_factory=list)
    waiting: dict[str, tuple[str, ...]] = field(default_factory=dict)  # choices that need other answers first


class _Resolver:
    def __init__(
        self, form: FormSchema, answers: Mapping[str, JsonValue], context: Mapping[str, object], sources: Sources
    ) -> None:
        self._form = form
        self._answers = answers
        self._sources = sources
        self._state = _State(values=dict.fromkeys(form.fields))
        self._context = {**context, "form": self._state.values}

    async def field(self, one: FormField) -> None:
        # A rule that waits for an answer hides its field until then; one that is wrong shows it (design §5).
        if not self._flag(one.visible, one, fallback=not self._waits(one.visible), doubt="is shown"):
            return
        required = self._flag(one.required, one, fallback=True, doubt="is required")
        disabled = self._flag(one.disabled, one, fallback=False, doubt="can be changed")
        answer, changed = await self._answer(one, disabled=disabled)
        self._state.values[one.name] = None if one.secret else answer.record
        self._state.errors += [FieldFault(f"/{one.name}{fault.pointer}", fault.detail) for fault in answer.faults]
        if answer.unchecked:
            self._warn(one, answer.unchecked)
        self._state.fields[one.name] = ResolvedField(
            field=one,
            required=required,
            disabled=disabled,
            data=answer.data,
            record=answer.record,
            changed=changed,
            faults=answer.faults,
            query=self._query(one),
            unchecked=answer.unchecked,
        )

    async def form(self, *, choices: bool) -> ResolvedForm:
        looks = await self._looks(choices=choices)
        state = self._state
        pages = [page(one, looks) for one in self._form.pages]
        unknown = [name for name in self._answers if name not in self._form.fields]
        state.errors += [FieldFault(under("", name), messages.unknown(name, self._form.fields)) for name in unknown]
        return ResolvedForm(
            form=self._form,
            answers=self._answers,
            pages=tuple(one for one in pages if one is not None),
            fields=state.fields,
            values=state.values,
            data={key: item for one in pages if one is not None for key, item in one.data.items()},
            errors=tuple(state.errors),
            warnings=tuple(state.warnings),
        )

    async def _answer(self, one: FormField, *, disabled: bool) -> tuple[Answer, bool]:
        """The answer to one field, or its default; and whether somebody tried to change a disabled field."""
        entities = self._sources.entities
        given = one.name in self._answers
        if given and not disabled:
            return await read_answer(one, self._answers[one.name], entities), False
        default = await self._default(one)
        asked = self._answers.get(one.name)
        if is_blank(asked):
            return default, False
        return default, (await read_answer(one, asked, entities)).data != default.data

    async def _default(self, one: FormField) -> Answer:
        value = self._evaluate(one.default, one, doubt="has no default")
        answer = await read_answer(one, value, self._sources.entities)
        if answer.faults:
            self._warn(one, f"{one.title} has no default: {answer.faults[0].detail}")
            return Answer()
        return answer

    def _flag(self, value: bool | Expression, one: FormField, *, fallback: bool, doubt: str) -> bool:
        if isinstance(value, bool):
            return value
        found = self._evaluate(value, one, doubt=doubt, fallback=fallback)
        return bool(found)

    def _waits(self, rule: bool | Expression) -> bool:
        return not isinstance(rule, bool) and bool(rule.fields & self._unanswered())

    def _evaluate(
        self, value: Expression | None, one: FormField, *, doubt: str, fallback: JsonValue = None
    ) -> JsonValue:
        if value is None:
            return fallback
        try:
            return value.evaluate(self._context)
        except DaytwoError as error:
            if not value.fields & self._unanswered():
                self._warn(one, f"{one.title} {doubt} because its rule cannot be worked out: {error.detail}")
            return fallback

    def _query(self, one: FormField) -> OptionQuery | None:
        if one.choices is None:
            return None
        query = options.option_query(one.choices, self._context, self._unanswered())
        if isinstance(query, OptionQuery):
            return query
        self._state.waiting[one.name] = query.waits_for
        if not query.waits_for:
            self._warn(one, f"The choices of {one.title} cannot be asked for: {query.reason}")
        return None

    def _unanswered(self) -> frozenset[str]:
        return frozenset(name for name, value in self._state.values.items() if value is None)

    async def _looks(self, *, choices: bool) -> Looks:
        """Fetch the first page of every field with choices, all at once."""
        shown = [one for one in self._state.fields.values() if choices and (one.field.kind or one.query)]
        pages = await asyncio.gather(*(options.first_page(one.field, one.query, self._sources) for one in shown))
        found: dict[str, OptionPage] = {}
        for one, answer in zip(shown, pages, strict=True):
            if isinstance(answer, str):
                self._warn(one.field, answer)
            else:
                found[one.field.name] = answer
                self._offered(one, answer)
        return Looks(fields=self._state.fields, choices=found, waiting=self._state.waiting, form=self._form)

    def _offered(self, one: ResolvedField, found: OptionPage) -> None:
        if not found.options and found.next_cursor is None:
            self._warn(one.field, f"There is nothing to choose for {one.field.title}")
        if one.field.kind is not None or one.faults or is_blank(one.data) or not options.complete(found):
            return
        known = {option.value for option in found.options}
        for number, item in enumerate(one.data if isinstance(one.data, list) else [one.data]):
            if item not in known:
                pointer = f"/{one.field.name}/{number}" if one.field.many else f"/{one.field.name}"
                self._state.errors.append(FieldFault(pointer, messages.not_offered(one.field.title)))

    def _warn(self, one: FormField, detail: str) -> None:
        self._state.warnings.append(FieldFault(f"/{one.name}", detail))
