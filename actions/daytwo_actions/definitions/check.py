"""Registration checks, design §5: what a definition names must be declared, and what it asks for must exist today.

`kinds` and `connections` are what the catalog and the settings know; without them those names are not checked.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from daytwo_actions.definitions import shapes
from daytwo_actions.definitions.approval_checks import approval_problems
from daytwo_actions.definitions.catalog_checks import catalog_problems, kind_problems, people_problems
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.model import Action, Lock, LockQueue
from daytwo_actions.definitions.people_steps import asked_at, people_step_problems
from daytwo_actions.definitions.scopes import NAMES, Scope
from daytwo_actions.definitions.secrets import COLLECTED, named_secret, secret_problems
from daytwo_actions.definitions.service_checks import (
    is_undo,
    service_problems,
    service_secret,
    source_problems,
    step_at,
    step_number,
)
from daytwo_actions.definitions.shapes import KindShape, Shape
from daytwo_actions.definitions.sites import Site, idle, sites
from daytwo_actions.definitions.stage_forms import fields_at, filled_shape, stage_form_problems
from daytwo_actions.definitions.stages import asked_stages
from daytwo_actions.definitions.step_checks import StepNames, step_problems
from daytwo_actions.definitions.steps.foreach import ForeachStep
from daytwo_actions.definitions.undo_checks import undo_problems
from daytwo_actions.definitions.wave_checks import WAVE, target_problems, wave_problems
from daytwo_actions.expressions import ExpressionError, Name, did_you_mean, names, parse_template
from daytwo_forms.fields import FieldSpec

LONGEST_SECOND: Final = timedelta(hours=1)  # that the second person of a break-glass run has
_USER: Final = shapes.Members(
    {
        "name": shapes.TEXT,
        "ref": shapes.TEXT,
        "email": shapes.TEXT,
        "groups": shapes.Many(shapes.TEXT),
        "roles": shapes.Many(shapes.TEXT),
    }
)
_RUN: Final = shapes.Members({"id": shapes.TEXT, "url": shapes.TEXT, "called_by": shapes.TEXT})
_RUN_TO_BE: Final = shapes.Members({"called_by": shapes.TEXT})
_RESPONSE: Final = shapes.Members({"status": shapes.Single("a number"), "body": shapes.Anything()})


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a definition may name besides itself. None: not known here, so not checked."""

    kinds: Mapping[str, KindShape] | None = None
    connections: Mapping[str, str] | None = None  # by name, of which kind each is: "github"
    services: Mapping[str, Collection[str]] | None = None  # by name, the secrets that may be sent there
    tokens: Collection[str] = frozenset()  # services with a token of their own
    sources: Collection[str] | None = None  # of events


def check_action(action: Action, document: Document, surroundings: Surroundings) -> list[Problem]:
    """Every problem of a definition whose shape is right."""
    return list(_Checks(action, document, surroundings).problems())


class _Checks:
    def __init__(self, action: Action, document: Document, surroundings: Surroundings) -> None:
        self._action = action
        self._spec = action.spec
        self._document = document
        self._known = surroundings
        self._kinds = surroundings.kinds or {}
        self._steps = StepNames(action.spec.steps)
        self._fields: dict[str, FieldSpec] = {
            name: field for page in self._spec.form.pages for name, field in page.properties.items()
        }

    def problems(self) -> Iterator[Problem]:
        yield from self._expressions()
        yield from secret_problems(self._action, self._document)
        yield from self._people()
        yield from approval_problems(self._spec, self._document)
        yield from stage_form_problems(self._spec, self._document)
        yield from people_step_problems(self._spec, self._document)
        yield from self._lock()
        yield from step_problems(self._action, self._document, self._known.connections)
        yield from service_problems(self._action, self._document, self._known.services, self._known.tokens)
        yield from source_problems(self._action, self._document, self._known.sources)
        yield from undo_problems(self._action, self._document)
        yield from wave_problems(self._action, self._document)
        yield from self._undo()
        if self._known.kinds is not None:
            yield from kind_problems(self._action, self._document, self._known.kinds)
            yield from catalog_problems(self._action, self._document, self._known.kinds)
            yield from people_problems(self._action, self._document, self._known.kinds)
            yield from target_problems(self._action, self._document, self._known.kinds)

    def _expressions(self) -> Iterator[Problem]:
        every = list(sites(self._action))
        for pointer, text in idle(self._document.value, [site.pointer for site in every]):
            start = text.index("${{")
            message = "An expression here would not be worked out"
            yield self._document.problem_in(pointer, text, (start, len(text)), message, "Write plain text.")
        for site in every:
            yield from self._names(site)

    def _names(self, site: Site) -> Iterator[Problem]:
        try:
            found = names(parse_template(site.value, pointer=site.pointer))
        except ExpressionError as error:
            yield expression_problem(error, self._document)
            return
        for name in found:
            yield from self._name(name, site)

    def _name(self, name: Name, site: Site) -> Iterator[Problem]:
        root = str(name.parts[0])
        allowed = NAMES[site.scope]
        filled = (fields_at(site, self._spec) or asked_at(site, self._spec)) if root == "form" else None
        if (secret := named_secret(name, filled if filled is not None else self._fields)) is not None:
            yield self._at(name, len(name.parts) - 1, *secret)
        elif root == "secrets" and root in allowed:
            fault = service_secret(name, step_at(self._spec.steps, site.pointer), self._known.services)
            if fault is not None:
                yield self._at(name, *fault)
        elif root == "steps" and root in allowed:
            yield from self._of_steps(name, site)
        elif root not in allowed or (root == "entity" and self._spec.target is None):
            yield self._misplaced(name, root, site)
        elif root == "form" and len(name.parts) == 1:
            yield self._at(name, 0, "`form` alone cannot be used", "Name a field, as in `form.version`.")
        elif root == "approvals" and len(name.parts) < 3:
            advice = "Name a field of a stage, as in `approvals.window.ticket`."
            yield self._at(name, len(name.parts) - 1, f"`{name.dotted}` alone cannot be used", advice)
        elif filled is not None:
            yield from self._undeclared(name, self._answers(filled))
        else:
            yield from self._undeclared(name, self._item(site) if root == "item" else self._shape(root, site.scope))

    def _of_steps(self, name: Name, site: Site) -> Iterator[Problem]:
        number = step_number(site.pointer)
        fault = self._steps.fault(name, number, site.pointer.split("/", 4)[4])
        if fault is not None:
            yield self._at(name, *fault)
        else:
            yield from self._undeclared(name, self._steps.shape(number, undo=is_undo(site.pointer)))

    def _misplaced(self, name: Name, root: str, site: Site) -> Problem:
        allowed = NAMES[site.scope]
        if root == "entity" and "entity" in allowed:
            return self._at(name, 0, "This action has no `target`, so there is no `entity`")
        if root in ("inputs", "form"):
            other = "form" if "form" in allowed else "inputs"
            return self._at(name, 0, f"`{root}` is not known {site.scope}", f"Here the answers are called `{other}`.")
        if root == "secrets":
            return self._at(name, 0, "A secret cannot be used here", COLLECTED)
        if root == "steps":
            advice = f"It is worked out before the first step begins. Known here: {_list(allowed)}."
            return self._at(name, 0, f"Results of steps are not known {site.scope}", advice)
        if any(root in known for known in NAMES.values()):
            advice = f"Known here: {_list(allowed)}."
            return self._at(name, 0, f"`{root}` is not known {site.scope}", advice)
        advice = did_you_mean(root, allowed) or f"Known here: {_list(allowed)}."
        return self._at(name, 0, f"`{root}` is not defined", advice)

    def _undeclared(self, name: Name, shape: Shape) -> Iterator[Problem]:
        unknown = shapes.find(shape, name.parts[1:])
        if unknown is None:
            return
        index = unknown.index + 1
        owner = Name(name.parts[:index], name.text, name.pointer, name.spans[:index]).dotted
        part = name.parts[index]
        match unknown.owner:
            case shapes.Members(known):
                advice = did_you_mean(str(part), known)
                if advice is None and len(known) <= 20:
                    advice = f"Declared: {', '.join(sorted(known))}." if known else "Nothing is declared there."
                yield self._at(name, index, f"`{owner}` has no `{part}`", advice)
            case shapes.Many():
                advice = f"Take one by its number, as in `{owner}[0]`, or use a filter."
                yield self._at(name, index, f"`{owner}` is a list and has no `{part}`", advice)
            case shapes.Single(noun):
                yield self._at(name, index, f"`{owner}` is {noun} and has no members")

    def _shape(self, root: str, scope: Scope) -> Shape:
        match root:
            case "inputs" | "form":
                return self._answers(self._fields)
            case "approvals":
                return filled_shape(self._spec)
            case "entity":
                target = self._spec.target
                return shapes.of_entity(self._kinds.get(target.kind) if target else None)
            case "user":
                return _USER
            case "run":
                return _RUN_TO_BE if scope is Scope.ALLOW else _RUN
            case "response":
                return _RESPONSE
            case _:
                answers = {name: shapes.of_value(field) for name, field in self._fields.items()}
                return shapes.Members({"inputs": shapes.Members(answers), "run": _RUN})

    def _item(self, site: Site) -> Shape:
        """What is gone through is declared where it comes from the catalog; a check is about a wave."""
        step = self._spec.steps[step_number(site.pointer)]
        if site.pointer.endswith("/with/check"):
            return WAVE
        targets = step.with_.targets if isinstance(step, ForeachStep) else None
        return shapes.of_entity(self._kinds.get(targets.kind)) if targets is not None else shapes.Anything()

    def _answers(self, fields: Mapping[str, FieldSpec]) -> Shape:
        return shapes.Members({name: shapes.of_field(field, self._kinds) for name, field in fields.items()})

    def _people(self) -> Iterator[Problem]:
        spec = self._spec
        lists: list[tuple[str, Sequence[object]]] = [
            ("/spec/allow/run", spec.allow.run),
            ("/spec/allow/see", spec.allow.see or []),
        ]
        lists += [(f"{pointer}/from", stage.from_) for pointer, stage in asked_stages(spec)]
        if spec.break_glass is not None:
            lists.append(("/spec/break_glass/allow", spec.break_glass.allow))
            if spec.break_glass.second == "owner" and spec.target is None:
                message = "`owner` is the owning group of the target, and this action has no `target`"
                yield self._document.problem("/spec/break_glass/second", message, "Name a group.")
            if spec.break_glass.expires > LONGEST_SECOND:
                message = f"A second person has at most {LONGEST_SECOND.total_seconds() / 3600:.0f} hour"
                yield self._document.problem("/spec/break_glass/expires", message, "An emergency does not wait longer.")
        for pointer, entries in lists:
            for number, entry in enumerate(entries):
                if entry == "owner" and spec.target is None:
                    message = "`owner` is the owning group of the target, and this action has no `target`"
                    yield self._document.problem(f"{pointer}/{number}", message, "Name a group.")

    def _lock(self) -> Iterator[Problem]:
        lock = self._spec.lock
        for site in sites(self._action):
            key = site.scope is Scope.LOCK and site.pointer != "/spec/lock/priority"
            if key and isinstance(site.value, str) and not site.value.strip():
                yield self._document.problem(site.pointer, "The key of a lock must not be empty")
        if not isinstance(lock, Lock):
            return
        if lock.priority is not None and lock.queue is not LockQueue.PRIORITY:
            message = f"`priority` orders a queue that goes by priority, and this one is `{lock.queue}`"
            yield self._document.problem("/spec/lock/priority", message, "Write `queue: priority`.", at_key=True)
        if lock.priority is None and lock.queue is LockQueue.PRIORITY:
            message = "A queue that goes by priority needs one"
            yield self._document.problem("/spec/lock/queue", message, "Add `priority`: a number or an expression.")

    def _undo(self) -> Iterator[Problem]:
        if self._spec.undo is not None and self._spec.lock is None:
            message = "`undo` goes back to the last run under the same lock, and this action has no `lock`"
            yield self._document.problem("/spec/undo", message, "Add a `lock`.", at_key=True)
        for name in self._spec.undo.inputs if self._spec.undo else ():
            if name not in self._fields:
                message = f"`{name}` is not a field of the form"
                advice = did_you_mean(name, self._fields)
                yield self._document.problem(f"/spec/undo/inputs/{name}", message, advice, at_key=True)

    def _at(self, name: Name, index: int, message: str, advice: str | None = None) -> Problem:
        return self._document.problem_in(name.pointer, name.text, name.spans[index], message, advice)


def _list(names: Collection[str]) -> str:
    return ", ".join(names)


def expression_problem(error: ExpressionError, document: Document) -> Problem:
    """A fault of an expression at its place in the file."""
    place = error.place
    return document.problem_in(place.pointer, place.text, (place.start, place.end), error.message, error.suggestion)
