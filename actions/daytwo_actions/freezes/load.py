"""From a freeze document to a freeze, or every problem in it at its place."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue, ValidationError

from daytwo_actions.definitions import faults
from daytwo_actions.definitions.check import expression_problem
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_actions.definitions.load import digest_of
from daytwo_actions.expressions import ExpressionError, did_you_mean, names, parse_template
from daytwo_actions.freezes.freeze import HORIZON, FreezeVersion, once, windows, zone_of
from daytwo_actions.freezes.model import Freeze, parse_moment
from daytwo_actions.freezes.rules import RuleFault, check_rule

_NAMES = ("inputs", "entity", "user", "action", "environments")


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedFreeze:
    """A checked freeze, as it is stored."""

    model: Freeze
    document: Mapping[str, JsonValue]
    digest: str
    file: str

    @property
    def name(self) -> str:
        return self.model.metadata.name


def freeze_of(document: Document) -> LoadedFreeze:
    """Check one document. Raises `DefinitionRejected` with every problem."""
    try:
        model = Freeze.model_validate(document.value)
    except ValidationError as error:
        raise DefinitionRejected(faults.problems(error, document, Freeze)) from error
    problems = list(_problems(model, document))
    if problems:
        raise DefinitionRejected(problems)
    assert isinstance(document.value, dict)
    return LoadedFreeze(model=model, document=document.value, digest=digest_of(document.value), file=document.file)


def restore_freeze(name: str, document: Mapping[str, JsonValue], *, title: str, owner: str) -> FreezeVersion:
    """From what is stored. What cannot be read any more is a freeze of everything."""
    try:
        model = Freeze.model_validate(document)
    except ValidationError:
        model = None
    return FreezeVersion(id=name, digest=digest_of(document), title=title, owner=owner, model=model)


def unknown_actions(model: Freeze, document: Document, known: Collection[str]) -> Iterator[Problem]:
    """Actions that it names and that are not declared: a typo would freeze nothing."""
    places = (
        ("/spec/where/actions", model.spec.where.actions or []),
        ("/spec/except/actions", model.spec.except_.actions),
    )
    for pointer, wanted in places:
        for number, name in enumerate(wanted):
            if name not in known:
                advice = did_you_mean(name, known)
                yield document.problem(f"{pointer}/{number}", f"There is no action `{name}`", advice)


def _problems(model: Freeze, document: Document) -> Iterator[Problem]:
    yield from _times(model, document)
    yield from _when(model, document)


def _times(model: Freeze, document: Document) -> Iterator[Problem]:
    spec = model.spec
    if spec.timezone is not None:
        try:
            zone_of(spec)
        except ValueError as error:
            yield document.problem("/spec/timezone", str(error), "Write it as Europe/Berlin.")
            return
    if spec.calendar is not None:
        if spec.from_ is not None or spec.until is not None:
            message = "A freeze has `from` and `until`, or a `calendar`, and this has both"
            yield document.problem("/spec/calendar", message, at_key=True)
        elif spec.timezone is None:
            yield document.problem("/spec/calendar", "A calendar needs a `timezone`", "Add it to `spec`.", at_key=True)
        else:
            yield from _calendar(model, document)
    elif spec.from_ is None or (spec.until is None and spec.frozen == "outside"):
        message = "When? A freeze has `from` and `until`, or a `calendar`"
        yield document.problem("/spec", message)
    else:
        yield from _once(model, document)


def _once(model: Freeze, document: Document) -> Iterator[Problem]:
    spec = model.spec
    for key, text in (("from", spec.from_), ("until", spec.until)):
        if text is None:
            continue
        try:
            parsed = parse_moment(text)
        except ValueError:
            yield document.problem(f"/spec/{key}", f"There is no such time as {text}")
            return
        if parsed.tzinfo is None and spec.timezone is None:
            yield document.problem(f"/spec/{key}", "Whose clocks? This time has no offset", "Add a `timezone`.")
            return
    try:
        empty = once(spec).start >= once(spec).end
    except (ValueError, OverflowError):
        yield document.problem("/spec/from", "This time cannot be worked out")
        return
    if empty:
        yield document.problem("/spec/until", "It ends before it begins")


def _calendar(model: Freeze, document: Document) -> Iterator[Problem]:
    calendar = model.spec.calendar
    assert calendar is not None
    try:
        start = parse_moment(calendar.start)
    except ValueError:
        yield document.problem("/spec/calendar/start", f"There is no such time as {calendar.start}")
        return
    try:
        check_rule(calendar.rule, start)
        windows(model.spec, start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + HORIZON)
    except RuleFault as error:
        yield document.problem("/spec/calendar/rule", str(error))
    except (ValueError, OverflowError) as error:
        yield document.problem("/spec/calendar", f"It cannot be worked out ({type(error).__name__})", at_key=True)


def _when(model: Freeze, document: Document) -> Iterator[Problem]:
    pointer = "/spec/where/when"
    try:
        found = names(parse_template(model.spec.where.when, pointer=pointer))
    except ExpressionError as error:
        yield expression_problem(error, document)
        return
    for name in found:
        root = str(name.parts[0])
        if root not in _NAMES:
            advice = did_you_mean(root, _NAMES) or f"Known here: {', '.join(_NAMES)}."
            yield document.problem_in(pointer, name.text, name.spans[0], f"`{root}` is not known in a freeze", advice)


def as_document(*, name: str, title: str, description: str, owner: str, spec: Mapping[str, JsonValue]) -> Document:
    """A freeze that somebody sends, as if it were a file."""
    value: dict[str, JsonValue] = {
        "apiVersion": "daytwo/v1",
        "kind": "Freeze",
        "metadata": {"name": name, "title": title, "description": description, "owner": owner},
        "spec": dict(spec),
    }
    return Document(file="the freeze", text="", value=value, values={}, keys={})


def started_now(spec: Mapping[str, JsonValue], now: datetime) -> dict[str, JsonValue]:
    """Without a beginning, a freeze begins when it is made."""
    if "calendar" in spec or spec.get("from") is not None:
        return dict(spec)
    return {**spec, "from": now.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")}
