"""What became of a request to Argo Server: of a creation (algorithm A1, "Classification"), and of everything else.

Errors are `google.rpc.Status` as JSON: {"code": 5, "message": "…"}, with the HTTP status that belongs to the code.
"""

import json
from typing import Final

from pydantic import ValidationError

from daytwo_actions.backends.argo.wire import creation
from daytwo_actions.backends.argo.wire.objects import Workflow
from daytwo_actions.backends.base import Accepted, Ambiguous, Marker, Sent
from daytwo_actions.backends.wire.answer import Answer, Silence, Told, in_one_line, number_in, wait_in
from daytwo_actions.backends.wire.outcome import Vendor, moved, of_silence

_SPELLINGS: Final = ("x-ratelimit-", "x-rate-limit-")
_NOT_EXECUTED: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422})

_CREATE_ADVICE: Final = {
    400: "Correct the step's inputs so that the template takes them",
    401: "The credential of this connection is not (or no longer) valid: put a new token into its file",
    403: "The service account may not do this: it needs the verb create on workflows in this namespace",
    404: "The namespace or the template does not exist: compare their names with Argo",
}

_READ_ADVICE: Final = {
    401: "The credential of this connection is not (or no longer) valid: put a new token into its file",
    403: "The service account may not read this: docs/how-to/connect-argo-workflows.md has the role that it needs",
    404: "It does not exist in this namespace: compare its name with Argo",
}


def words(answer: Answer) -> str:
    """What Argo says about it, in one printable line with the status."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        document = None
    said = document.get("message") if isinstance(document, dict) else None
    if not isinstance(said, str) or not said.strip():
        said = "no explanation that could be read"
    return f"{answer.status}: {in_one_line(said)}"


def limited(answer: Answer) -> bool:
    """Whether it only means "not so fast": the server takes 1,000 requests a second of one address."""
    return answer.status == 429


def wait_told(answer: Answer) -> float | None:
    told = wait_in(answer)
    return None if told is None else max(1.0, told)


def limits_told(answer: Answer) -> Told:
    """Argo's limiter has had both spellings."""
    limit, remaining = (
        next((told for one in _SPELLINGS if (told := number_in(answer, one + name)) is not None), None)
        for name in ("limit", "remaining")
    )
    return Told(
        limit=limit,
        remaining=remaining,
        resets_in=None,  # a second later; by the time that anybody reads it, it is over
    )


ARGO: Final = Vendor(
    title="Argo Workflows",
    words=words,
    limited=limited,
    wait_told=wait_told,
    limits_told=limits_told,
    advice=_READ_ADVICE,
)


def is_taken(result: Answer | Silence) -> bool:
    """There is a workflow with this name already: ours from before, or somebody else's."""
    return isinstance(result, Answer) and result.status == 409


def classify(result: Answer | Silence, marker: Marker, label: str, *, page: str) -> Sent:
    """Accepted, refused (not executed, for certain) or ambiguous (it may have happened). Not for `is_taken`."""
    if isinstance(result, Silence):
        return in_doubt(result.reason) if result.sent else of_silence(result)
    if result.status == 200:
        return _created(result, marker, label, page)
    if limited(result):
        return ARGO.limit(result)
    if result.status in _NOT_EXECUTED:
        advice = _CREATE_ADVICE.get(result.status, "Compare the connection's address with Argo Server's")
        return ARGO.refused(
            result, f"Argo Workflows refused the workflow, {words(result)}. Nothing was started. {advice}."
        )
    return in_doubt(f"Argo Workflows answered {words(result)}{moved(result)}")


def _created(answer: Answer, marker: Marker, label: str, page: str) -> Sent:
    try:
        workflow = Workflow.model_validate_json(answer.body)
    except ValidationError:
        return in_doubt("Argo Workflows answered 200 with a body that is not a workflow")
    if not workflow.metadata.uid or not creation.is_answer(workflow, marker, label):
        return in_doubt("Argo Workflows answered 200 with another workflow than the one that was sent")
    return accepted(workflow, page=page)


def adopted(workflow: Workflow, marker: Marker, label: str, *, creator: str | None, page: str) -> Sent:
    """What a name that is taken means: our own workflow is there already, or somebody else's."""
    misfits = creation.misfits(workflow, marker, label=label, creator=creator)
    if not misfits:
        return accepted(workflow, page=page)
    return Ambiguous(
        detail=f"There is a workflow {workflow.metadata.name} in {marker.pinned.target.project} that is not of this "
        f"attempt: {', '.join(misfits)}. This one was not created, and it is not sent again. Nobody can know the name "
        "before it is sent: find out who created that workflow (label workflows.argoproj.io/creator), then say here "
        "whether the run took place.",
        hold=True,
    )


def accepted(workflow: Workflow, *, page: str) -> Accepted:
    metadata = workflow.metadata
    return Accepted(id=metadata.run.id, url=f"{page}/workflows/{metadata.namespace}/{metadata.name}", proven=True)


def in_doubt(what: str) -> Ambiguous:
    return Ambiguous(
        detail=f"{what}. Whether the workflow was created is not known; it is looked up by its name, which Argo gives "
        "only once."
    )


def says_nothing_waits(answer: Answer) -> bool:
    """The answer of resume and stop when no active suspend node fits the selector; its status is 500."""
    return b"no suspend nodes matching" in answer.body
