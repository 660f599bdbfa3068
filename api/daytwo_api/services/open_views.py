"""What a sealed plan leaves open, as people read it."""

from daytwo_api.services.gather import Known
from daytwo_api.views.approvals import HoleSource, HoleView, OpenRequestView, RequestBytes
from daytwo_store.tables import ApprovalRow
from daytwo_workflows.life.open_requests import Hole, OpenRequest


def open_view(one: OpenRequest, row: ApprovalRow, known: Known) -> OpenRequestView:
    sent = one.sent
    return OpenRequestView(
        step=one.step,
        uses=one.uses,
        holes=[_hole(hole, row, known) for hole in one.holes],
        sent=RequestBytes(
            attempt=sent.attempt,
            method=sent.method,
            path=sent.path,
            headers=dict(sent.headers),
            body=sent.body,
            digest=sent.digest,
        )
        if sent is not None
        else None,
        why_not=one.why_not or None,
    )


def _hole(hole: Hole, row: ApprovalRow, known: Known) -> HoleView:
    return HoleView(
        name=hole.name,
        written=hole.written,
        sources=[
            HoleSource(name=name, who=_who(name, row, known), json_schema=dict(schema) if schema is not None else None)
            for name, schema in hole.sources.items()
        ],
        given=dict(hole.given),
        filled=hole.filled,
        value=hole.value,
    )


def _who(source: str, row: ApprovalRow, known: Known) -> str:
    kind, name, *_ = source.split(".")
    if kind == "steps":
        return f"The step {name} leaves it."
    stages = [stage.id for stage in known.stages[row.id] if stage.name == name]
    filled = [
        known.person(one.principal).name
        for stage in stages
        for one in known.decisions.get(stage, ())
        if one.answers is not None and one.rule is None
    ]
    return f"{filled[0]} filled it in." if filled else f"Whoever approves the stage {name} fills it in."
