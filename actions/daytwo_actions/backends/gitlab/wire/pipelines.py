"""Pipelines as GitLab shows them, and which of them is ours.

https://docs.gitlab.com/api/pipelines/
"""

import re
from datetime import UTC, datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from daytwo_actions.backends.base import ExternalState, Marker
from daytwo_actions.backends.gitlab.wire.inputs import MARKER_VARIABLE
from daytwo_actions.backends.gitlab.wire.names import short_ref
from daytwo_actions.backends.gitlab.wire.status import has_ended, status_of, strange, waits_for
from daytwo_actions.backends.wire.outcome import web_link
from daytwo_store.ids import Corr, ExternalRunId

OURS: Final = frozenset({"api", "trigger"})  # sources of pipelines that were created by a request


class Vendor(BaseModel):
    """Ids must be whole numbers and states text; what we do not know is ignored."""

    model_config = ConfigDict(strict=True, frozen=True)


class User(Vendor):
    username: str | None = None  # an unset user may come as an empty object


class VendorPipeline(Vendor):
    """What we read of a pipeline; a list has neither `user`, `name` nor `finished_at`."""

    id: int = Field(gt=0)
    project_id: int = 0
    sha: str | None = None
    ref: str | None = None
    status: str | None = None
    source: str | None = None
    web_url: str | None = None
    name: str | None = None
    user: User | None = None
    created_at: AwareDatetime | None = Field(default=None, strict=False)
    updated_at: AwareDatetime | None = Field(default=None, strict=False)
    finished_at: AwareDatetime | None = Field(default=None, strict=False)


class Variable(Vendor):
    key: str
    value: str | None = None


Pipelines: Final = TypeAdapter(tuple[VendorPipeline, ...])
Variables: Final = TypeAdapter(tuple[Variable, ...])


def state_of(pipeline: VendorPipeline) -> ExternalState:
    """GitLab counts no re-runs: one that is under way and has been finished before was retried by somebody."""
    again = pipeline.finished_at is not None and not has_ended(pipeline.status)
    return ExternalState(
        id=ExternalRunId(str(pipeline.id)),
        attempt=2 if again else 1,
        status=status_of(pipeline.status),
        detail=pipeline.status or "no status given",
        url=web_link(pipeline.web_url) or "",
        commit=pipeline.sha,
        created_at=pipeline.created_at,
        updated_at=pipeline.updated_at,
        waits_for=waits_for(pipeline.status),
        strange=strange(pipeline.status),
    )


def named(pipeline: VendorPipeline, corr: Corr) -> bool:
    """Whether the pipeline's name has the marker in it, as a word of its own."""
    return re.search(rf"(?<![a-z0-9]){re.escape(corr)}(?![a-z0-9])", pipeline.name or "") is not None


def carried(variables: tuple[Variable, ...], corr: Corr) -> bool:
    return any(one.key == MARKER_VARIABLE and one.value == corr for one in variables)


def is_of(pipeline: VendorPipeline, login: str) -> bool:
    return pipeline.user is not None and (pipeline.user.username or "").lower() == login.lower()


def misfits(pipeline: VendorPipeline, marker: Marker, *, login: str, since: datetime, now: datetime) -> list[str]:
    """Why a pipeline with our marker is not ours all the same (A1 "Adopt requires all"; R18). Empty: it is ours.

    What began late, after T_safe, is ours all the same: our request, which was held up on its way.
    """
    pinned = marker.pinned
    facts = {
        "it was not created by a request": pipeline.source in OURS,
        "somebody else started it": is_of(pipeline, login),
        "it is in another project": str(pipeline.project_id) == pinned.project_id,
        "it is on another ref": pipeline.ref == short_ref(pinned.target.ref),
        "it was created at another time": pipeline.created_at is not None
        and since.replace(microsecond=0) <= pipeline.created_at <= now,
    }
    return [reason for reason, fits in facts.items() if not fits]


def created_after(since: datetime) -> str:
    """The value of the listing's filter, to the second before."""
    return f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
