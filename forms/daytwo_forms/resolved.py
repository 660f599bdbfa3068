"""What a form is for given answers: the one description that browser, terminal, API and submission share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from daytwo_forms.plain import Schema
from daytwo_forms.schema import FormField, FormSchema
from daytwo_forms.sources import OptionQuery
from daytwo_store.errors import FieldFault


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedField:
    """A field that is shown. `data` is its answer or default as sent, None when unanswered; `record` is what
    expressions see of it: for an entity the record, for a list of entities the records."""

    field: FormField
    required: bool
    disabled: bool
    data: JsonValue
    record: JsonValue
    changed: bool  # the answer is another one than the default of a disabled field; `data` is the default
    faults: tuple[FieldFault, ...]  # pointers begin below the field: "" is the field itself
    query: OptionQuery | None  # of its choices; None without choices, or when they depend on a missing answer
    unchecked: str | None = None  # a sentence, when the source that knows the answer's entity does not answer


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedPage:
    """`schema` is plain JSON Schema 2020-12, `ui` a uiSchema; `data` are the answers that belong to it."""

    title: str
    description: str | None
    schema: Schema
    ui: Schema
    data: Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedForm:
    """`errors` and `warnings` carry JSON pointers into `data`. What may be shown (`pages`, `values`, `data`) has
    nothing of a secret field; what may not is left out of the representation."""

    form: FormSchema
    answers: Mapping[str, JsonValue] = field(repr=False)
    pages: tuple[ResolvedPage, ...]
    fields: Mapping[str, ResolvedField] = field(repr=False)  # those that are shown
    values: Mapping[str, JsonValue]  # `form` of expressions: every declared field, null when unanswered
    data: Mapping[str, JsonValue]
    errors: tuple[FieldFault, ...]
    warnings: tuple[FieldFault, ...]
