"""What a request is about, short enough for a card: its inputs in words, and whether it is an ordinary one."""

from collections.abc import Iterator, Mapping
from typing import Final

from daytwo_api.services.gather import Known
from daytwo_api.views.approvals import InputHint
from daytwo_forms.schema import spoken
from daytwo_store.approvals import extends
from daytwo_store.tables import ApprovalRow, Json, RunRow

SHOWN: Final = 6  # inputs; a form has up to a hundred fields
_LONGEST: Final = 80  # characters of one


def input_hints(run: RunRow, known: Known) -> list[InputHint]:
    """The answers in the order of the form, as people called and chose them; the first few."""
    fields = dict(_fields(known.versions[run.version].document))
    order = [name for name in fields if name in run.inputs] + [name for name in run.inputs if name not in fields]
    return [
        InputHint(
            name=name, title=titled(name, fields.get(name, {})), text=_words(run.inputs[name], fields.get(name, {}))
        )
        for name in order[:SHOWN]
    ]


def more_inputs(run: RunRow) -> int:
    return max(0, len(run.inputs) - SHOWN)


def unusual(run: RunRow, known: Known) -> str | None:
    """'Undoes run r_…', where it is no ordinary request. A run that the asker may not see is not named."""
    if run.break_glass:
        return "Emergency: goes past its approval"
    if run.undo_of is not None:
        return f"Undoes {_named(run.undo_of, known)}"
    if run.rerun_of is not None:
        return f"Runs {_named(run.rerun_of, known)} again"
    if run.resume_of is not None:
        return f"Goes on where {_named(run.resume_of, known)} ended"
    return None


def longer(row: ApprovalRow) -> str | None:
    """'Lets access last longer', where that is what is asked for; until when stands in what is decided on."""
    step = extends(row)
    return f"Lets {step} last longer" if step is not None else None


def _named(run: str, known: Known) -> str:
    return f"run {run}" if run in known.seen else "an earlier run"


def _fields(document: Mapping[str, object]) -> Iterator[tuple[str, Json]]:
    """Of a stored definition, whatever version of Daytwo wrote it."""
    spec = document.get("spec")
    yield from fields_in(spec.get("form") if isinstance(spec, dict) else None)


def fields_in(form: object) -> Iterator[tuple[str, Json]]:
    """The fields of a form of a stored definition."""
    pages = form.get("pages") if isinstance(form, dict) else None
    for page in pages if isinstance(pages, list) else []:
        properties = page.get("properties") if isinstance(page, dict) else None
        for name, schema in (properties if isinstance(properties, dict) else {}).items():
            yield name, schema if isinstance(schema, dict) else {}


def titled(name: str, schema: Json) -> str:
    return str(schema.get("title") or spoken(name))


def _words(value: object, schema: Json) -> str:
    choices, items = schema.get("oneOf"), schema.get("items")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict) and choice.get("const") == value and choice.get("title"):
            return str(choice["title"])
    if isinstance(value, list):
        text = ", ".join(_words(one, items if isinstance(items, dict) else {}) for one in value)
    elif isinstance(value, bool) or value is None:
        text = {True: "yes", False: "no", None: "–"}[value]
    else:
        text = str(value).partition(":")[2] if schema.get("format") == "entity" else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
