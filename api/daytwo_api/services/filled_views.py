"""What a stage asks its approvers for, and what they filled in, as people read it: titles come from the sealed plan."""

import json
from collections.abc import Mapping, Sequence

from daytwo_api.views.approvals import AskedField, Filled
from daytwo_store.tables import ApprovalRow, DecisionRow, Json


def asked_fields(asks: Sequence[str], titles: Mapping[str, str]) -> list[AskedField]:
    return [AskedField(name=name, title=titles.get(name, name)) for name in asks]


def filled(answers: Json | None, titles: Mapping[str, str]) -> list[Filled]:
    """In the order of the form; what was left out is not there."""
    order = {name: number for number, name in enumerate(titles)}
    names = sorted(answers or {}, key=lambda name: order.get(name, len(order)))
    return [Filled(name=name, title=titles.get(name, name), value=(answers or {})[name]) for name in names]


def titles_of(row: ApprovalRow) -> dict[str, dict[str, str]]:
    """Of every stage of the plan that this approval is about, by its name and by field."""
    if not row.asks and not any(stage.get("asks") for stage in row.later) and row.stage == 1:
        return {}
    planned = json.loads(row.document).get("approval") or {}
    stages = [planned, *planned.get("then", [])]
    return {
        str(stage.get("id")): {name: str(schema.get("title", name)) for name, schema in stage.get("form", {}).items()}
        for stage in stages
    }


def first_answers(decisions: Sequence[DecisionRow]) -> Json | None:
    """What the first who approved filled in, of the decisions of one stage that count."""
    return next((one.answers for one in decisions if one.answers is not None and one.verdict == "approve"), None)
