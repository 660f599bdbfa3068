"""What became of a request: of a dispatch (algorithm A1, "Classification"), and of a read or a cancellation.

On 8 May 2026 GitHub answered 5xx to dispatches that it had carried out (pytorch/test-infra#8061). So only an answer
that says "not done" counts as not done, and everything else is in doubt.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daytwo_actions.backends.base import Accepted, Ambiguous, BackendDenied, BackendUnreachable, Refused, Sent
from daytwo_actions.backends.github.wire.answer import Answer, Silence, is_rate_limit, message, wait_asked
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


class _Details(BaseModel):
    """The answer to `return_run_details`. Strict: an id as text is a sign that something else answered."""

    model_config = ConfigDict(strict=True)

    workflow_run_id: int = Field(gt=0)
    run_url: str
    html_url: str


def classify(result: Answer | Silence) -> Sent:
    """Accepted, refused (not executed, for certain) or ambiguous (it may have happened)."""
    if isinstance(result, Silence):
        return _of_silence(result)
    if result.status == 204:
        return Accepted(id=None, url=None)
    if result.status == 200:
        return _of_details(result)
    if is_rate_limit(result):
        return Refused(
            detail=f"GitHub asks to wait: {message(result)}. Nothing was started; it will be sent again later.",
            retry_after=wait_asked(result),
        )
    if result.status in _NOT_EXECUTED:
        advice = _ADVICE.get(result.status, "Compare the connection's address with GitHub's API")
        return Refused(detail=f"GitHub refused the dispatch, {message(result)}. Nothing was started. {advice}.")
    return _in_doubt(f"GitHub answered {message(result)}{_moved(result)}")


def _of_silence(silence: Silence) -> Sent:
    if silence.sent:
        return _in_doubt(silence.reason)
    return Refused(detail=f"The dispatch was not sent: {silence.reason}.", retry_after=silence.again)


def _of_details(answer: Answer) -> Sent:
    try:
        details = _Details.model_validate_json(answer.body)
    except ValidationError:
        return _in_doubt("GitHub answered 200 with a body that is not the documented one")
    if details.run_url.rpartition("/")[2] != str(details.workflow_run_id):
        return _in_doubt("GitHub answered with the id of one run and the address of another")
    return Accepted(id=ExternalRunId(str(details.workflow_run_id)), url=web_link(details.html_url))


def _in_doubt(what: str) -> Ambiguous:
    return Ambiguous(
        detail=f"{what}. Whether the run was started is not known; it is looked up by its marker and not sent again."
    )


def _moved(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return "; the redirection was not followed (was the repository renamed, or is the connection's address wrong?)"
    return ""


def wants_no_details(result: Answer | Silence) -> bool:
    """Whether a server refuses the key `return_run_details` (GitHub Enterprise Server before 3.21): nothing was done.

    cli/cli#12672, benc-uk/workflow-dispatch#86
    """
    return isinstance(result, Answer) and result.status in {400, 422} and b"return_run_details" in result.body


def failure(
    result: Answer | Silence, what: str, *, advice: Mapping[int, str] = _READ_ADVICE
) -> BackendUnreachable | BackendDenied:
    """The error of a read or a cancellation that did not come through. `what` names it: "the run 17 of acme/shop"."""
    if isinstance(result, Silence) and result.held:
        return BackendUnreachable(f"{result.reason}: it was not asked for {what}.", retry_after=result.again)
    if isinstance(result, Silence):
        return BackendUnreachable(
            f"GitHub did not answer when asked for {what}: {result.reason}. "
            "Its state is unknown; it will be asked again.",
            retry_after=result.again,
        )
    if is_rate_limit(result):
        return BackendUnreachable(
            f"GitHub asks to wait before {what} can be had: {message(result)}.", retry_after=wait_asked(result)
        )
    if result.status >= 500 or result.status in {202, 408}:
        return BackendUnreachable(
            f"GitHub could not give {what}, {message(result)}. Its state is unknown; it will be asked again."
        )
    if 300 <= result.status < 400:
        return BackendDenied(
            f"GitHub has {what} somewhere else now ({result.status}). The redirection was not followed, since it would "
            "carry the credential along; put the new name into the definition or the catalog."
        )
    todo = {**_READ_ADVICE, **advice}.get(result.status, "Compare the connection's address with GitHub's API")
    return BackendDenied(f"GitHub does not give {what}, {message(result)}. {todo}.")


def nonsense(what: str, error: ValidationError | None = None) -> BackendUnreachable:
    """The error of a 200 that is not what the vendor's description promises."""
    where = ""
    if error is not None:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        where = f" (at {place or 'the top'}: {first['msg']})"
    return BackendUnreachable(
        f"The answer for {what} is not what GitHub's API documents{where}. Its state is unknown; it will be asked "
        "again. If this stays, something between here and GitHub answers in its place, or the address is wrong."
    )


def web_link(url: str | None) -> str | None:
    """The URL if a page may link to it: only http and https."""
    return url if url and url.startswith(("https://", "http://")) else None
