"""One workflow by its name, alive or archived, and the look-up by marker (algorithm A1 "lookup", case R18)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from daytwo_actions.backends.argo.wire import creation, names
from daytwo_actions.backends.argo.wire.names import RunName
from daytwo_actions.backends.argo.wire.objects import LABEL_RUN, Workflow, WorkflowList
from daytwo_actions.backends.argo.wire.runs import state_of
from daytwo_actions.backends.base import Listing, Marker, Recognised
from daytwo_actions.backends.failures import ExternalGone
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.wire.answer import Answer, Silence, server_time
from daytwo_store.ids import ExternalRunId

_MOST_ARCHIVED: Final = 20  # with one marker: ours, and what somebody has resubmitted of it


class Finding:
    def __init__(self, reading: Reading, *, creator: str | None, page: str) -> None:
        self._reading = reading
        self._creator = creator
        self._page = page

    async def workflow(self, project: str, run: RunName, parameters: Mapping[str, str] | None = None) -> Workflow:
        """Raises `ExternalGone` and what a read raises."""
        found = await self.find(project, run, parameters)
        if found is None:
            raise ExternalGone(
                f"There is no workflow {run.name} in {project} any more, neither alive nor archived: it was deleted."
            )
        return found

    async def find(self, project: str, run: RunName, parameters: Mapping[str, str] | None = None) -> Workflow | None:
        """The workflow, None when it is gone. One of the same name with another uid is not it."""
        what = f"the workflow {run.name} of {project}"
        path = names.workflow(project, run.name)
        alive = await self._reading.find("workflow.read", what, path, _workflow, parameters)
        if alive is not None and run.fits(alive.metadata.uid):
            return alive
        return await self._archived(project, run.uid) if run.uid else None

    async def _archived(self, project: str, uid: str) -> Workflow | None:
        what = f"the archived workflow {uid} of {project}"
        result = await self._reading.ask("archive.read", names.archived(uid), {"namespace": project})
        if _has_no_archive(result) or (isinstance(result, Answer) and result.status == 404):
            return None
        found = self._reading.parsed(result, what, _workflow)
        if found.metadata.uid != uid or found.metadata.namespace != project:
            return None
        return found.model_copy(update={"archived": True})

    async def by_marker(self, marker: Marker, since: datetime) -> Listing:
        """Our workflow, if it is there or in the archive. Raises `BackendUnreachable`, `BackendDenied`.

        Absence may be concluded when both say that there is none. It may not when one has our name and is not ours:
        nobody can know the name before it was sent.
        """
        project = marker.pinned.target.project
        run = RunName(names.of_corr(marker.corr), None)
        result = await self._reading.ask("runs.find", names.workflow(project, run.name))
        now = server_time(result) if isinstance(result, Answer) else None
        if isinstance(result, Answer) and result.status == 404:
            named = await self._named_in_archive(project, run, marker)
        else:
            named = [self._reading.parsed(result, f"the workflow {run.name} of {project}", _workflow)]
        fit = [one for one in named if not creation.misfits(one, marker, creator=self._creator)]
        ours = [one for one in fit if creation.began_after(one, since)]
        return Listing(
            found=tuple(state_of(one, page=self._page) for one in ours),
            complete=len(ours) == len(named),
            server_time=now,
        )

    async def recognise(self, marker: Marker, run: ExternalRunId, since: datetime) -> Recognised | None:
        """One workflow by its id or name, with the same checks. Raises `BackendUnreachable`, `BackendDenied`."""
        found = await self.find(marker.pinned.target.project, names.run(run))
        if found is None:
            return None
        late = [] if creation.began_after(found, since) else ["it was created at another time"]
        return Recognised(
            state=state_of(found, page=self._page),
            title=found.metadata.name,
            marked=creation.carries(found, marker.corr),
            misfits=[*creation.other(found, marker, creator=self._creator), *late],
            server_time=found.told_at,
        )

    async def _named_in_archive(self, project: str, run: RunName, marker: Marker) -> list[Workflow]:
        what = f"the archived workflows of {project}"
        parameters = {
            "namespace": project,
            "listOptions.labelSelector": f"{LABEL_RUN}={marker.corr}",
            "listOptions.limit": str(_MOST_ARCHIVED),
        }
        result = await self._reading.ask("archive.find", "/api/v1/archived-workflows", parameters)
        if _has_no_archive(result):
            return []
        listed = self._reading.parsed(result, what, lambda answer: WorkflowList.model_validate_json(answer.body))
        # A listing of the archive leaves out most of each workflow.
        uids = [one.metadata.uid for one in listed.items if one.metadata.name == run.name and one.metadata.uid]
        found = [await self._archived(project, uid) for uid in uids]
        return [one for one in found if one is not None]


def _workflow(answer: Answer) -> Workflow:
    return Workflow.model_validate_json(answer.body).model_copy(update={"told_at": server_time(answer)})


def _has_no_archive(result: Answer | Silence) -> bool:
    """A server without an archive says so when it is asked for one workflow, and lists none."""
    return isinstance(result, Answer) and (result.status == 501 or b"workflows not supported" in result.body)
