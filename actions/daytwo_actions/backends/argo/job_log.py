"""The log of a node: from its pod while that is there, else from the file that Argo has kept of it.

Argo Server reads the logs of pods that exist. Of a pod that is gone it says 200 and nothing (argo-workflows#8057), so
an empty log proves nothing; then the artifact `main-logs` is read, which there is with `archiveLogs`.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from daytwo_actions.backends.argo.finding import Finding
from daytwo_actions.backends.argo.sender import Call
from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.argo.streaming import NotThere, Streaming
from daytwo_actions.backends.argo.wire import names
from daytwo_actions.backends.argo.wire.objects import Node, Workflow
from daytwo_actions.backends.argo.wire.pods import pod_of
from daytwo_actions.backends.argo.wire.results import LOG, keeps_log
from daytwo_actions.backends.argo.wire.status import Role, of_node, role_of
from daytwo_actions.backends.argo.wire.stream import Lines, StreamFault, log_line
from daytwo_actions.backends.failures import BackendUnreachable, ExternalGone, LogsNotReady
from daytwo_store.ids import ExternalJobId, ExternalRunId
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus

CUT: Final = b"\nDaytwo has cut this log off here: it is longer than the connection's log_limit.\n"
_TRIES: Final = 3  # a stream that breaks is begun anew, and what was had is left out
_GONE: Final = frozenset({404, 410})


class JobLog:
    def __init__(self, settings: ArgoSettings, finding: Finding, streaming: Streaming) -> None:
        self._settings = settings
        self._opening = settings.total_timeout.total_seconds()
        self._finding = finding
        self._streaming = streaming

    async def read(self, project: str, run: ExternalRunId, job: ExternalJobId) -> AsyncGenerator[bytes, None]:
        """What there is by now. Raises `LogsNotReady`, and what a read raises."""
        try:
            workflow = await self._finding.workflow(project, names.run(run))
        except ExternalGone as gone:
            raise LogsNotReady(f"{gone} So there is no log of it.") from gone
        node = workflow.status.nodes.get(names.node(job))
        if node is None or (why := _no_log(node)) is not None:
            raise LogsNotReady(
                why if node is not None else f"The workflow has no node {job}, so there is no log of it."
            )
        empty = True
        async with aclosing(self._bounded(self._of_pod(project, workflow, node))) as pieces:
            async for piece in pieces:
                empty = False
                yield piece
        if not empty or of_node(node.phase) not in EXTERNAL_ENDS:
            return
        if not keeps_log(node):
            self._check_quiet(workflow, node)
            return
        async with aclosing(self._bounded(self._kept(project, workflow, node))) as pieces:
            async for piece in pieces:
                yield piece

    async def _bounded(self, source: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        left = self._settings.log_limit
        deadline = time.monotonic() + self._settings.log_timeout.total_seconds()
        async with aclosing(source):
            async for piece in source:
                if len(piece) > left:
                    yield piece[:left]
                    yield CUT
                    return
                left -= len(piece)
                yield piece
                if time.monotonic() > deadline:
                    raise BackendUnreachable(
                        "The log did not come to its end in the time that the connection allows. Ask again."
                    )

    async def _of_pod(self, project: str, workflow: Workflow, node: Node) -> AsyncGenerator[bytes, None]:
        call = Call(
            method="GET",
            path=f"{names.workflow(project, workflow.metadata.name)}/log",
            parameters={"podName": pod_of(workflow, node), "logOptions.container": "main"},
        )
        had = 0
        for left in range(_TRIES - 1, -1, -1):
            skip = had
            try:
                async with aclosing(self._lines(call)) as lines:
                    async for line in lines:
                        fresh, skip = line[skip:], max(0, skip - len(line))
                        had += len(fresh)
                        if fresh:
                            yield fresh
                return
            except BackendUnreachable:
                if not left:
                    raise

    async def _lines(self, call: Call) -> AsyncGenerator[bytes, None]:
        lines = Lines()
        try:
            async with aclosing(self._streaming.pieces("job.logs", "a log", call, seconds=self._opening)) as pieces:
                async for piece in pieces:
                    for line in lines.feed(piece):
                        yield log_line(line)
            yield log_line(lines.end())
        except NotThere:
            return
        except StreamFault as fault:
            if fault.status in _GONE:  # the pod is gone, or there was none
                return
            raise BackendUnreachable(f"Argo Workflows broke the log off: {fault.detail}. Ask again.") from None

    async def _kept(self, project: str, workflow: Workflow, node: Node) -> AsyncGenerator[bytes, None]:
        run = workflow.metadata.run
        for is_archived in (False, True):
            path = names.artifact(project, run, node.id, LOG, is_archived=is_archived)
            call = Call(method="GET", path=path, accept="*/*")
            try:
                async with aclosing(
                    self._streaming.pieces("job.kept-log", "a log that was kept", call, seconds=self._opening)
                ) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except NotThere:
                continue
        raise LogsNotReady(f"Argo has lost the log of {node.id}: the file that it was kept in is gone.")

    def _check_quiet(self, workflow: Workflow, node: Node) -> None:
        """Nothing was printed, or it is lost: told apart by whether pods stay after their end.

        Raises `LogsNotReady`.
        """
        if workflow.keeps_pods:
            return
        raise LogsNotReady(
            f"There is no log of {node.id}: its pod is gone, and Argo has kept no copy of it. To have one, set "
            "archiveLogs in the artifact repository, or a podGC with a deleteDelayDuration."
        )


def _no_log(node: Node) -> str | None:
    """Why there can be no log of a node now; None when there may be one."""
    role = role_of(node.type)
    if role is not Role.JOB:
        return f"{node.id} is no job of its own, so it has no log."
    status = of_node(node.phase)
    if status is ExternalStatus.QUEUED:
        return f"{node.id} has not begun, so there is no log of it yet."
    if status is ExternalStatus.SKIPPED or node.type == "Skipped":
        return f"{node.id} was left out, so there is no log of it."
    return None
