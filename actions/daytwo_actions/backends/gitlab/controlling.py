"""Stopping pipelines, and answering what waits in GitLab for somebody. Each request once."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from daytwo_actions.backends.failures import BackendDenied, ExternalGone, GateClosed
from daytwo_actions.backends.gitlab.following import Following
from daytwo_actions.backends.gitlab.job_tree import Trees
from daytwo_actions.backends.gitlab.wire import names
from daytwo_actions.backends.gitlab.wire.outcome import GITLAB
from daytwo_actions.backends.gitlab.writing import Writing
from daytwo_actions.backends.tree import GateId, GateVerdict
from daytwo_actions.backends.wire.answer import Answer, Silence

_DONE: Final = frozenset({200, 201, 202, 204})
_CANCELING: Final = "canceling"
_LONGEST_COMMENT: Final = 1_000
_DEPLOYMENT: Final = re.compile(r"([A-Za-z0-9_.%-]{1,1000})/([1-9][0-9]{0,18})")
_VERDICTS: Final = {GateVerdict.GO: "approved", GateVerdict.STOP: "rejected"}
_CANCEL_ADVICE: Final[Mapping[int, str]] = {
    403: "The credential may not cancel: it needs the scope api and the role Developer, and for force Maintainer"
}
_PLAY_ADVICE: Final[Mapping[int, str]] = {
    403: "The credential may not play it: a protected environment or branch allows only some people to. Play it there"
}
_APPROVE_ADVICE: Final[Mapping[int, str]] = {
    403: "The credential may not answer this deployment: the protected environment names who may. Answer it there",
    404: "This GitLab does not know the deployment, or has no approvals of deployments (they are part of Premium)",
}


class Controlling:
    def __init__(self, writing: Writing, following: Following, trees: Trees) -> None:
        self._writing = writing
        self._following = following
        self._trees = trees

    async def cancel(self, project: str, run: str, *, force: bool) -> None:
        """Ask; asking twice does no harm, and a pipeline that has ended already is not an error.

        With `force`, jobs that are still cleaning up are cut off as well, those of child pipelines included. One that
        this credential may not cut off keeps none of the others from it.
        Raises `ExternalGone`, `BackendUnreachable`, `BackendDenied`.
        """
        place = names.pipeline(names.project(project), run)
        what = f"the cancellation of pipeline {run} of {project}"
        result = await self._writing.post("pipeline.cancel", f"{place}/cancel", {})
        if isinstance(result, Answer) and result.status == 404:
            raise await self._following.gone(project, run)
        _check(result, what, _CANCEL_ADVICE)
        if force:
            told = [
                await self._writing.post("job.force-cancel", f"{names.job(place, str(job.id))}/cancel", {"force": True})
                for place, job in await self._trees.every_job(project, run)
                if job.status == _CANCELING
            ]
            for one in told:
                _check(one, what, _CANCEL_ADVICE)

    async def answer(self, project: str, gate: GateId, verdict: GateVerdict, *, comment: str) -> None:
        """Raises `GateClosed`, `ExternalGone`, `BackendUnreachable`, `BackendDenied`."""
        kind, _, which = gate.partition(":")
        if kind == "job":
            await self._play(project, which, verdict)
        elif kind == "deployment" and (found := _DEPLOYMENT.fullmatch(which)):
            await self._approve(found[1], found[2], verdict, comment)
        else:
            raise BackendDenied(f"{gate!r} is nothing that waits in GitLab. Nothing was answered.")

    async def _play(self, project: str, job: str, verdict: GateVerdict) -> None:
        if verdict is not GateVerdict.GO:
            raise BackendDenied(
                "A manual job can be played, and not be refused. Nothing was changed; stop the run instead."
            )
        # By a plain POST: python-gitlab's `play` puts variables into the address.
        result = await self._writing.post("job.play", f"{names.job(names.project(project), job)}/play", {})
        if isinstance(result, Answer) and result.status == 400:
            raise GateClosed(f"The job {job} of {project} cannot be played (any more). Nothing was changed.")
        if isinstance(result, Answer) and result.status == 404:
            raise ExternalGone(f"GitLab has no job {job} in {project} any more. Nothing was changed.")
        _check(result, f"the start of job {job} of {project}", _PLAY_ADVICE)

    async def _approve(self, place: str, deployment: str, verdict: GateVerdict, comment: str) -> None:
        where = f"/projects/{names.segment(unquote(place))}/deployments/{deployment}/approval"
        document = {"status": _VERDICTS[verdict], "comment": comment.strip()[:_LONGEST_COMMENT]}
        result = await self._writing.post("deployment.answer", where, dict(document))
        if isinstance(result, Answer) and result.status == 400:
            raise GateClosed(f"The deployment {deployment} waits for no approval any more. Nothing was changed.")
        _check(result, f"the answer to deployment {deployment}", _APPROVE_ADVICE)


def _check(result: Answer | Silence, what: str, advice: Mapping[int, str]) -> None:
    if isinstance(result, Silence) or result.status not in _DONE:
        raise GITLAB.failure(result, what, advice=advice)
