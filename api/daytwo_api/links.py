"""What an answer of one route leads to, as OpenAPI links: a program that reads openapi.json can follow them.

https://spec.openapis.org/oas/v3.1.1.html#link-object
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Leads:
    """From a route, by values of its answer, to others. Routes are named by operation id."""

    source: str
    by: dict[str, str]  # parameters of the others, and where in the answer they stand (JSON pointer)
    to: tuple[str, ...]
    body: dict[str, str] | None = None  # what is sent then


_RUN: Final = (
    "getRun",
    "getLogs",
    "downloadLogs",
    "getEvidence",
    "withdrawRun",
    "cancelRun",
    "rerunRun",
    "resumeRun",
    "undoRun",
)
_APPROVAL: Final = ("getApproval", "getPipelineChanges", "commentApproval", "takeBack")
LEADS: Final = (
    Leads("listActions", {"name": "/items/0/name"}, ("getAction", "resolveForm", "planRun")),
    Leads("startRun", {"run": "/id"}, (*_RUN, "askException")),
    Leads("rerunRun", {"run": "/id"}, ("getRun", "withdrawRun")),
    Leads("resumeRun", {"run": "/id"}, ("getRun", "withdrawRun")),
    Leads("undoRun", {"run": "/id"}, ("getRun", "withdrawRun")),
    Leads("listRuns", {"run": "/items/0/id"}, _RUN),
    Leads("listApprovals", {"approval": "/items/0/id"}, _APPROVAL),
    Leads(
        "getApproval",
        {"approval": "/id"},
        ("decide",),
        {"verdict": "approve", "digest": "$response.body#/digest", "comment": "read"},
    ),
    Leads("getApproval", {"run": "/run"}, ("getRun",)),
    Leads("listReviews", {"run": "/items/0/run"}, ("getReview",)),
    Leads("searchEntities", {"kind": "/items/0/kind", "name": "/items/0/name"}, ("getEntity", "getEntityHistory")),
    Leads("listKinds", {"name": "/items/0/name"}, ("getKind",)),
    Leads("listConnections", {"name": "/items/0/name"}, ("listPipelines", "listWebhooks")),
    Leads("makeFreeze", {"freeze": "/id"}, ("getFreeze", "changeFreeze", "removeFreeze")),
    Leads("listFreezes", {"freeze": "/items/0/id"}, ("getFreeze",)),
    Leads("makeSchedule", {"schedule": "/id"}, ("getSchedule", "listFirings", "pauseSchedule", "runSchedule")),
    Leads("listSchedules", {"schedule": "/items/0/id"}, ("getSchedule", "listFirings")),
    Leads("listTriggers", {"trigger": "/items/0/id"}, ("getTrigger", "listReactions", "pauseTrigger")),
    Leads("listEvents", {"event": "/items/0/id"}, ("getEvent",)),
    Leads("askException", {"exception": "/id"}, ("getException", "decideException", "revokeException")),
    Leads("holdLock", {"hold": "/id"}, ("endHold",)),
    Leads("delegate", {"delegation": "/id"}, ("revokeDelegation",)),
    Leads("createToken", {"token": "/token/id"}, ("revokeToken",)),
)


def add_links(described: dict[str, Any]) -> None:
    """Write them into the document."""
    operations = {one["operationId"]: one for one in _operations(described)}
    for leads in LEADS:
        answers = operations[leads.source]["responses"]
        (done,) = [status for status in answers if status.startswith("2")]
        for target in leads.to:
            link: dict[str, Any] = {
                "operationId": operations[target]["operationId"],
                "parameters": {name: f"$response.body#{where}" for name, where in leads.by.items()},
            }
            if leads.body is not None:
                link["requestBody"] = leads.body
            answers[done].setdefault("links", {})[target] = link


def _operations(described: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in described["paths"].values():
        yield from path.values()
