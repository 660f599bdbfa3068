"""One request on its way through the stand-in."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import QueryParams

from daytwo_standins.gitlab.config import Project, Token
from daytwo_standins.gitlab.pipelines import Pipeline, split_job_id
from daytwo_standins.gitlab.problems import ApiError, not_found
from daytwo_standins.gitlab.records import Job
from daytwo_standins.gitlab.standin import Standin
from daytwo_standins.shared.answers import CallEffects

_MOST = 2**31 - 1


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request that was let in. ``params`` are the decoded parts of its path, ``base`` the address that was used."""

    standin: Standin
    token: Token | None
    base: str
    path: str
    params: Mapping[str, str]
    query: QueryParams
    headers: Mapping[str, str]
    raw: bytes
    effects: CallEffects

    @property
    def login(self) -> str:
        """Who asks."""
        return self.token.login if self.token else ""

    @property
    def project(self) -> Project:
        """The project of the path; 404 when the token may not see it."""
        found = self.standin.project(self.params["id"])
        allowed = self.token.projects if self.token else None
        if found is None or (allowed is not None and found.full_path not in allowed):
            raise not_found("Project")
        return found

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline of the path."""
        found = self.standin.engine.pipelines.get(self.integer("pipeline_id"))
        if found is None or found.accepted.repository != self.project.full_path or found.accepted.effects.deleted:
            raise not_found()
        return found

    @property
    def job(self) -> tuple[Pipeline, Job]:
        """The job of the path and its pipeline."""
        number, index = split_job_id(self.integer("job_id"))
        pipeline = self.standin.engine.pipelines.get(number)
        job = pipeline.job(index) if pipeline else None
        if (
            pipeline is None
            or job is None
            or pipeline.accepted.repository != self.project.full_path
            or pipeline.accepted.effects.deleted
        ):
            raise not_found()
        return pipeline, job

    def integer(self, name: str) -> int:
        """A number in the path; 400 for anything else, as GitLab says it."""
        text = self.params[name]
        if not text.isdigit() or int(text) > _MOST:
            raise ApiError(400, {"error": f"{name} is invalid"})
        return int(text)

    def body(self) -> dict[str, Any]:
        """The body as an object: JSON or a form.

        Raises:
            ApiError: 400 when it is neither.
        """
        kind = self.headers.get("content-type", "").partition(";")[0]
        if kind == "application/x-www-form-urlencoded":
            return {name: values[-1] for name, values in parse_qs(self.raw.decode(errors="replace")).items()}
        try:
            data = json.loads(self.raw or b"{}")
        except ValueError as error:
            raise ApiError(400, {"error": "message body does not match declared format"}) from error
        if not isinstance(data, dict):
            raise ApiError(400, {"error": "The request body must be an object"})
        return data

    def flag(self, name: str) -> bool:
        """A boolean of the query."""
        return self.query.get(name, "") in {"true", "1"}
