"""What a stage asks its approvers for, and what they filled in, as people read it."""

from collections.abc import Mapping, Sequence

from daytwo_api.services.gather import Known
from daytwo_api.services.hints import fields_in, titled
from daytwo_api.views.approvals import AskedField, Filled
from daytwo_store.tables import DecisionRow, Json, RunRow


def asked_fields(asks: Sequence[str], titles: Mapping[str, str]) -> list[AskedField]:
    return [AskedField(name=name, title=titles.get(name, name)) for name in asks]


def filled(answers: Json | None, titles: Mapping[str, str]) -> list[Filled]:
    """In the order of the form; what was left out is not there."""
    order = {name: number for number, name in enumerate(titles)}
    names = sorted(answers or {}, key=lambda name: order.get(name, len(order)))
    return [Filled(name=name, title=titles.get(name, name), value=(answers or {})[name]) for name in names]


def titles_of(run: RunRow, known: Known) -> dict[str, dict[str, str]]:
    """What the fields of every stage are called, by its name and by field: as the run's version of the action says."""
    spec = known.versions[run.version].document.get("spec")
    stages = spec.get("approval") if isinstance(spec, dict) else None
    return {
        str(stage.get("id")): {name: titled(name, schema) for name, schema in fields_in(stage.get("form"))}
        for stage in (stages if isinstance(stages, list) else [])
        if isinstance(stage, dict)
    }


def first_answers(decisions: Sequence[DecisionRow]) -> Json | None:
    """What the first who approved filled in, of the decisions of one stage that count."""
    return next((one.answers for one in decisions if one.answers is not None and one.verdict == "approve"), None)
