"""The job tree of an external run as it is kept on its step, there and back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.tree import Artifact, ExternalGate, GateKind, Job, JobKind, JobTree
from daytwo_store import gates
from daytwo_store.ids import ExternalJobId, StepPath
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus
from daytwo_store.tables import Json, StepRow

CleanNotes = Mapping[ExternalJobId, Sequence[str]]
MOST_JOBS: Final = 1000  # of one step; the rest is only counted
MOST_ARTIFACTS: Final = 500
OURS: Final = "daytwo"  # a suspend node or a manual job of this name is a question to us, and not to a person


def tree_json(path: StepPath, tree: JobTree, *, notes: CleanNotes) -> list[Json]:
    """Every node, parents first; what is beyond `MOST_JOBS` is one node that says how many there are.

    `notes` are what may be kept of the jobs' own (`job_notes`), which are left out: they may hold a secret.
    """
    kept = [_job_json(path, job, notes.get(job.id, ())) for job in tree.jobs[:MOST_JOBS]]
    left = len(tree.jobs) - len(kept)
    return [*kept, _more(left)] if left else kept


def open_gates(step: StepRow) -> Iterator[Json]:
    """The gates of the kept tree that still wait for somebody."""
    for job in step.jobs:
        gate = job.get("gate")
        if isinstance(gate, dict) and job.get("status") not in EXTERNAL_ENDS:
            yield gate


def asks_us(gate: Json) -> bool:
    """No person lets such a gate on from here: what is asked there is looked at first, commit and all (`questions`)."""
    return gate["title"] == OURS and gate["kind"] in (GateKind.MANUAL_JOB, GateKind.SUSPEND)


def artifacts_json(found: Sequence[Artifact]) -> list[Json]:
    return [
        {
            "name": storable(one.name),
            "size": one.size,
            "url": one.url,
            "expires_at": _moment(one.expires_at),
            "expired": one.expired,
        }
        for one in found[:MOST_ARTIFACTS]
    ]


def storable(text: str) -> str:
    """PostgreSQL takes no null character, and a vendor's name may hold anything."""
    return text.replace("\x00", "\ufffd")


def _job_json(path: StepPath, job: Job, notes: Sequence[str]) -> Json:
    return {
        "id": storable(job.id),
        "name": storable(job.name),
        "status": job.status,
        "detail": storable(job.detail),
        "url": job.url,
        "started_at": _moment(job.started_at),
        "ended_at": _moment(job.ended_at),
        "kind": job.kind,
        "parent": storable(job.parent) if job.parent is not None else None,
        "gate": _gate_json(path, job.gate) if job.gate is not None else None,
        "notes": [storable(note) for note in notes],
        "steps": [
            {
                "number": step.number,
                "name": storable(step.name),
                "status": step.status,
                "started_at": _moment(step.started_at),
                "ended_at": _moment(step.ended_at),
            }
            for step in job.steps
        ],
    }


def _gate_json(path: StepPath, gate: ExternalGate) -> Json:
    verdicts: list[JsonValue] = [*sorted(gate.verdicts)]
    return {
        "name": gates.name_of(path, gate.id),
        "id": storable(gate.id),
        "kind": gate.kind,
        "title": storable(gate.title),
        "waits_for": storable(gate.waits_for),
        "url": gate.url,
        "verdicts": verdicts,
    }


def _more(left: int) -> Json:
    return {
        "id": "…",
        "name": f"… and {left} more, in the CI system",
        "status": ExternalStatus.UNKNOWN,
        "detail": "not kept here",
        "url": None,
        "started_at": None,
        "ended_at": None,
        "kind": JobKind.GROUP,
        "parent": None,
        "gate": None,
        "notes": [],
        "steps": [],
    }


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
