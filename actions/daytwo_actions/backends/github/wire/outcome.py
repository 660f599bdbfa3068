"""What became of a request: of a dispatch (algorithm A1, "Classification"), and of a read or a cancellation.

On 8 May 2026 GitHub answered 5xx to dispatches that it had carried out (pytorch/test-infra#8061). So only an answer
that says "not done" counts as not done, and everything else is in doubt.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daytwo_actions.backends.base import Accepted, Sent
from daytwo_actions.backends.github.wire.answer import is_rate_limit, limits_told, message, wait_told
from daytwo_actions.backends.wire.answer import Answer, Silence
from daytwo_actions.backends.wire.outcome import Vendor, in_doubt, moved, of_silence, web_link
from daytwo_store.ids import ExternalRunId

_NOT_EXECUTED: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422})

_ADVICE: Final = {
    401: "The credential of this connection is not (or no longer) valid: put a new one in",
    403: "The credential may not do this: it needs the permission Actions: write on this repository",
    404: "The repository or workflow does not exist or cannot be seen with this credential; "
    "a workflow has to be on the default branch to be dispatched",
    422: "Correct the step's ref or inputs so that the workflow takes them",
}

_READ_ADVICE: Final = {
    401: "The credential of this connection is not (or no longer) valid: put a new one in",
    403: "The credential may not read this: it needs the permissions Actions: read and Contents: read",
    404: "It does not exist or cannot be seen with this credential: compare its name with GitHub",
}


GITHUB: Final = Vendor(
    title="GitHub",
    words=message,
    limited=is_rate_limit,
    wait_told=wait_told,
    limits_told=limits_told,
    advice=_READ_ADVICE,
)


class _Details(BaseModel):
    """The answer to `return_run_details`. Strict: an id as text is a sign that something else answered."""

    model_config = ConfigDict(strict=True)

    workflow_run_id: int = Field(gt=0)
    run_url: str
    html_url: str


def classify(result: Answer | Silence) -> Sent:
    """Accepted, refused (not executed, for certain) or ambiguous (it may have happened)."""
    if isinstance(result, Silence):
        return of_silence(result)
    if result.status == 204:
        return Accepted(id=None, url=None)
    if result.status == 200:
        return _of_details(result)
    if is_rate_limit(result):
        return GITHUB.limit(result)
    if result.status in _NOT_EXECUTED:
        words = message(result)
        advice = _ADVICE.get(result.status, "Compare the connection's address with GitHub's API")
        if "disabled" in words.lower():
            advice = "The workflow, or GitHub Actions as a whole, is disabled for this repository: enable it there"
        return GITHUB.refused(result, f"GitHub refused the dispatch, {words}. Nothing was started. {advice}.")
    return in_doubt(f"GitHub answered {message(result)}{moved(result)}")


def _of_details(answer: Answer) -> Sent:
    try:
        details = _Details.model_validate_json(answer.body)
    except ValidationError:
        return in_doubt("GitHub answered 200 with a body that is not the documented one")
    if details.run_url.rpartition("/")[2] != str(details.workflow_run_id):
        return in_doubt("GitHub answered with the id of one run and the address of another")
    return Accepted(id=ExternalRunId(str(details.workflow_run_id)), url=web_link(details.html_url))


def wants_no_details(result: Answer | Silence) -> bool:
    """Whether a server refuses the key `return_run_details` (GitHub Enterprise Server before 3.21): nothing was done.

    cli/cli#12672, benc-uk/workflow-dispatch#86
    """
    return isinstance(result, Answer) and result.status in {400, 422} and b"return_run_details" in result.body
