"""The job tree and its gates as people read them: what waits in the CI system, and who may answer it from here."""

from collections.abc import Iterator

from daytwo_actions.backends.tree import GateKind, GateVerdict, JobKind
from daytwo_actions.policy import Answer
from daytwo_actions.roles import Scope
from daytwo_api.asker import Asker
from daytwo_api.services.gate_words import waits_there
from daytwo_api.services.gather import Known
from daytwo_api.services.run_rows import Rows
from daytwo_api.views.common import Permitted
from daytwo_api.views.external import GateAnswerView, GateView, JobView
from daytwo_store.states import EXTERNAL_ENDS, GateAnswerState
from daytwo_store.tables import Json, StepRow
from daytwo_workflows.life import letting_on
from daytwo_workflows.life.trees import asks_us


def job_view(job: Json) -> JobView:
    """A kept node of the tree; one that is older than groups is a job, one that is older than notes has none."""
    gate = _open_gate(job)
    plain: Json = {"kind": JobKind.JOB, "parent": None, "notes": [], **job}
    return JobView.model_validate(plain | {"gate": gate["name"] if gate is not None else None})


def gates_of(rows: Rows, known: Known, asker: Asker, stop: Answer) -> Iterator[GateView]:
    """Where the run waits there, in the order of the tree. `stop`: whether the asker may stop the run."""
    for step in rows.going_on():
        external = rows.newest(step)
        if external is None or external.ended_at is not None:
            continue
        for job in step.jobs:
            gate = _open_gate(job)
            if gate is not None:
                yield _gate(rows, known, asker, stop, step, external.connection, job, gate)


def answer_to_gate(rows: Rows, known: Known, asker: Asker, verdict: GateVerdict, stop: Answer) -> Answer:
    """May the asker say this to a gate of this run?"""
    run = rows.run
    asked = letting_on.asked_of(rows.approvals) if run.protected else []
    if verdict is not GateVerdict.GO or not asked:
        return stop
    if Scope.APPROVE not in asker.scopes:
        return Answer(False, "Letting a run on that somebody had to approve needs a token with the scope 'approve'.")
    assert known.voter is not None, "who reads a run is looked up"
    why = letting_on.why_not(known.voter, run, asked, known.people)
    return Answer(why is None, why)


def _open_gate(job: Json) -> Json | None:
    gate = job.get("gate")
    return gate if isinstance(gate, dict) and job.get("status") not in EXTERNAL_ENDS else None


def _gate(
    rows: Rows,
    known: Known,
    asker: Asker,
    stop: Answer,
    step: StepRow,
    connection: str,
    job: Json,
    gate: Json,
) -> GateView:
    title = rows.title(connection)
    answers = [row for row in rows.answers if row.gate == gate["name"]]
    on_its_way = any(row.state == GateAnswerState.SENT for row in answers)

    def permitted(verdict: GateVerdict) -> Permitted:
        verdicts = gate["verdicts"]
        if not isinstance(verdicts, list) or verdict not in verdicts:
            return Permitted(allowed=False, why_not=f"This connection's credential cannot answer it: do it in {title}.")
        if verdict is GateVerdict.GO and asks_us(gate):
            return Permitted(
                allowed=False, why_not="Daytwo answers it: it lets on what was approved, and nothing else."
            )
        if on_its_way:
            return Permitted(allowed=False, why_not="An answer is on its way; it is read again.")
        said = answer_to_gate(rows, known, asker, verdict, stop)
        return Permitted(allowed=said.allowed, why_not=None if said.allowed else said.why_not)

    return GateView(
        id=str(gate["name"]),
        step=step.path,
        job=str(job["name"]),
        kind=GateKind(str(gate["kind"])),
        title=str(gate["title"]),
        text=waits_there(title, str(gate["waits_for"])),
        url=str(gate["url"]) if gate["url"] else None,
        go=permitted(GateVerdict.GO),
        stop=permitted(GateVerdict.STOP),
        answers=[
            GateAnswerView(
                verdict=GateVerdict(row.verdict),
                by=known.person(row.by),
                comment=row.comment,
                state=GateAnswerState(row.state),
                note=row.note,
                at=row.asked_at,
            )
            for row in answers
        ],
    )
