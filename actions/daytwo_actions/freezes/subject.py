"""What a selector is compared with: everything about a run that a freeze can be about."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions.load import ROLLBACK, ActionVersion
from daytwo_actions.freezes.model import LetThrough, Selector

Json = Mapping[str, JsonValue]
_ENVIRONMENT: Final = "environment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A run, or what would be one."""

    action: str
    tags: tuple[str, ...]
    doing: frozenset[str]  # its operation; besides, rollback or undo
    target: Json | None  # record of the entity
    environments: tuple[Json, ...]  # records
    among: tuple[str, ...]  # refs of all entities that it names
    belongs: frozenset[str]  # groups of who asks, and their own ref
    break_glass: bool
    context: Json = field(repr=False)  # for `when`


def subject_of(version: ActionVersion, context: Json, *, undo: bool, break_glass: bool = False) -> Subject:
    """From a definition and what its expressions see: `inputs` (entities as records), `entity`, `user`."""
    model = version.model
    target = context.get("entity")
    named = [*_records(context.get("inputs")), *([target] if isinstance(target, dict) else [])]
    environments = {str(one["ref"]): one for one in named if one["kind"] == _ENVIRONMENT}
    doing = {str(model.spec.operation)}
    doing |= {ROLLBACK} if version.is_rollback else set()
    doing |= {"undo"} if undo else set()
    return Subject(
        action=model.metadata.name,
        tags=tuple(model.metadata.tags),
        doing=frozenset(doing),
        target=target if isinstance(target, dict) else None,
        environments=tuple(environments.values()),
        among=tuple(str(one["ref"]) for one in named),
        belongs=_belongs(context.get("user")),
        break_glass=break_glass,
        context={
            "inputs": context.get("inputs"),
            "entity": target,
            "user": context.get("user"),
            "action": {
                "name": model.metadata.name,
                "tags": list(model.metadata.tags),
                "operation": str(model.spec.operation),
            },
            "environments": [one["name"] for one in environments.values()],
        },
    )


def let_through(through: LetThrough, subject: Subject) -> bool:
    return (
        not subject.belongs.isdisjoint([*through.groups, *through.people])
        or subject.action in through.actions
        or (through.rollback and ROLLBACK in subject.doing)
        or (through.undo and "undo" in subject.doing)
        or (through.break_glass and subject.break_glass)
    )


def selects(where: Selector, subject: Subject) -> bool:
    """Everything but `when`."""
    target = subject.target
    tiers = [_property(one, "tier") for one in (target, *subject.environments)]
    return (
        _one(where.kinds, [target["kind"]] if target else [])
        and _one(where.entities, subject.among)
        and _one(where.tiers, tiers)
        and _one(where.environments, [*(one["name"] for one in subject.environments), *_own_environment(target)])
        and _one(where.actions, [subject.action])
        and _one(where.operations, subject.doing)
        and _one(where.labels, [*subject.tags, *_labels(target)])
    )


def _one(wanted: Iterable[object] | None, found: Collection[object]) -> bool:
    """Nothing is wanted, or one of it is there. True is not 1."""
    if wanted is None:
        return True
    return any(type(one) is type(other) and one == other for one in wanted for other in found)


def _records(inputs: JsonValue) -> list[dict[str, JsonValue]]:
    """The entities among the inputs, which expressions see as records."""
    if not isinstance(inputs, dict):
        return []
    values = [one for value in inputs.values() for one in (value if isinstance(value, list) else [value])]
    return [one for one in values if isinstance(one, dict) and {"ref", "kind", "name", "properties"} <= one.keys()]


def _belongs(user: JsonValue) -> frozenset[str]:
    if not isinstance(user, dict):
        return frozenset()
    groups = user.get("groups")
    return frozenset(str(one) for one in [*(groups if isinstance(groups, list) else []), user.get("ref")] if one)


def _property(record: Json | None, name: str) -> JsonValue:
    properties = record.get("properties") if record else None
    return properties.get(name) if isinstance(properties, dict) else None


def _labels(record: Json | None) -> list[str]:
    labels = _property(record, "labels")
    if isinstance(labels, dict):
        return [*labels, *(f"{name}={value}" for name, value in labels.items())]
    return [str(one) for one in labels] if isinstance(labels, list) else []


def _own_environment(record: Json | None) -> list[str]:
    """The environment that the target says it is in: its relation or its property of that name."""
    relations = record.get("relations") if record else None
    refs = relations.get(_ENVIRONMENT) if isinstance(relations, dict) else None
    found = [str(ref).partition(":")[2] for ref in refs] if isinstance(refs, list) else []
    own = _property(record, _ENVIRONMENT)
    return [*found, own] if isinstance(own, str) else found
