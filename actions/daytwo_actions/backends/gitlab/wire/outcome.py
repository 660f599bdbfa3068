"""What became of a pipeline's creation (algorithm A1, "Classification"), and how GitLab says no.

The service that creates pipelines stores nothing when it answers 400 (`save_on_errors: false`), so that a refusal is
certain.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daytwo_actions.backends.base import Accepted, Sent
from daytwo_actions.backends.gitlab.wire.answer import is_rate_limit, limits_told, message, wait_told
from daytwo_actions.backends.wire.answer import Answer, Silence
from daytwo_actions.backends.wire.outcome import Vendor, in_doubt, moved, of_silence, web_link
from daytwo_store.ids import ExternalRunId

_NOT_EXECUTED: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422})

_ADVICE: Final = {
    400: "Correct the step's ref or inputs, or the pipeline's file, so that GitLab takes them. When it does not allow "
    "variables, declare the inputs in `spec:inputs`, daytwo_run among them",
    401: "The credential of this connection is not (or no longer) valid: put a new one in",
    403: "The credential may not do this: it needs the scope api and the role Developer, and Maintainer for a "
    "protected branch",
    404: "The project does not exist or cannot be seen with this credential, or the trigger token is not one of it",
}

_READ_ADVICE: Final = {
    401: "The credential of this connection is not (or no longer) valid: put a new one in",
    403: "The credential may not read this: it needs the scope read_api and the role Reporter or above",
    404: "It does not exist or cannot be seen with this credential: compare its name with GitLab",
}


class _Created(BaseModel):
    """The answer to a creation. Strict: an id as text is a sign that something else answered."""

    model_config = ConfigDict(strict=True)

    id: int = Field(gt=0)
    project_id: int = Field(gt=0)
    web_url: str | None = None


GITLAB: Final = Vendor(
    title="GitLab",
    words=message,
    limited=is_rate_limit,
    wait_told=wait_told,
    limits_told=limits_told,
    advice=_READ_ADVICE,
)


def classify(result: Answer | Silence, *, project_id: str) -> Sent:
    """Accepted, refused (not executed, for certain) or ambiguous (it may have happened)."""
    if isinstance(result, Silence):
        return of_silence(result)
    if result.status == 201:
        return _of_created(result, project_id)
    if is_rate_limit(result):
        return GITLAB.limit(result)
    if result.status in _NOT_EXECUTED:
        advice = _ADVICE.get(result.status, "Compare the connection's address with GitLab's API")
        return GITLAB.refused(result, f"GitLab refused the dispatch, {message(result)}. Nothing was started. {advice}.")
    return in_doubt(f"GitLab answered {message(result)}{moved(result)}")


def _of_created(answer: Answer, project_id: str) -> Sent:
    try:
        created = _Created.model_validate_json(answer.body)
    except ValidationError:
        return in_doubt("GitLab answered 201 with a body that is not the documented one")
    if str(created.project_id) != project_id:
        return in_doubt("GitLab answered with a pipeline of another project")
    return Accepted(id=ExternalRunId(str(created.id)), url=web_link(created.web_url))
