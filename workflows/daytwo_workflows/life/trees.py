"""The job tree of an external run as it is kept on its step, there and back."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.tree import Artifact, ExternalGate, GateKind, Job, JobKind, JobTree
from daytwo_store import gates
from daytwo_store.ids import StepPath
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus
from daytwo_store.tables import Json, StepRow
from daytwo_workflows.life.vendor_words import VendorWords

MOST_JOBS: Final = 1000  # of one step; the rest is only counted
MOST_ARTIFACTS: Final = 500
OURS: Final = "daytwo"  # a suspend node or a manual job of this name is a question to us, and not to a person


def tree_json(path: StepPath, tree: JobTree, *, words: VendorWords) -> list[Json]:
    """Every node, parents first; what is beyond `MOST_JOBS` is one node that says how many there are.

    Names, details and notes as `words` lets them be kept: they may hold a secret.
    """
    words.learn(_texts(tree.jobs[:MOST_JOBS]))
    kept = [_job_json(path, job, words) for job in tree.jobs[:MOST_JOBS]]
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


def artifacts_json(found: Sequence[Artifact], words: VendorWords) -> list[Json]:
    words.learn(one.name for one in found[:MOST_ARTIFACTS])
    return [
        {
            "name": words.line(one.name),
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


def _texts(jobs: Sequence[Job]) -> Iterator[str]:
    for job in jobs:
        yield from (job.name, job.detail, *(step.name for step in job.steps))
        if job.gate is not None:
            yield from (job.gate.title, job.gate.waits_for)


def _job_json(path: StepPath, job: Job, words: VendorWords) -> Json:
    return {
        "id": storable(job.id),
        "name": words.line(job.name),
        "status": job.status,
        "detail": words.line(job.detail),
        "url": job.url,
        "started_at": _moment(job.started_at),
        "ended_at": _moment(job.ended_at),
        "kind": job.kind,
        "parent": storable(job.parent) if job.parent is not None else None,
        "gate": _gate_json(path, job.gate, words) if job.gate is not None else None,
        "notes": [storable(note) for note in words.notes(job.notes)] if job.notes else [],
        "steps": [
            {
                "number": step.number,
                "name": words.line(step.name),
                "status": step.status,
                "started_at": _moment(step.started_at),
                "ended_at": _moment(step.ended_at),
            }
            for step in job.steps
        ],
    }


def _gate_json(path: StepPath, gate: ExternalGate, words: VendorWords) -> Json:
    verdicts: list[JsonValue] = [*sorted(gate.verdicts)]
    return {
        "name": gates.name_of(path, gate.id),
        "id": storable(gate.id),
        "kind": gate.kind,
        "title": words.line(gate.title),
        "waits_for": words.line(gate.waits_for),
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
