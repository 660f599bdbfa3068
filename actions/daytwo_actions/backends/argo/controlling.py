"""Stopping workflows and answering suspend nodes: writes, each sent once."""

import json
import time
from typing import Final

from daytwo_actions.backends.argo.finding import Finding
from daytwo_actions.backends.argo.sender import Call, Sender
from daytwo_actions.backends.argo.wire import names
from daytwo_actions.backends.argo.wire.names import RunName
from daytwo_actions.backends.argo.wire.objects import Workflow
from daytwo_actions.backends.argo.wire.outcome import ARGO, says_nothing_waits
from daytwo_actions.backends.argo.wire.status import of_workflow
from daytwo_actions.backends.failures import ExternalGone, GateClosed
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.tree import GateId, GateVerdict
from daytwo_actions.backends.wire.answer import Answer, Silence
from daytwo_store.ids import ExternalRunId
from daytwo_store.states import EXTERNAL_ENDS

_ADVICE: Final = {403: "The service account may not do this: it needs the verb update and patch on workflows"}


class Controlling:
    def __init__(self, sender: Sender, reading: Reading, finding: Finding, *, seconds: float) -> None:
        self._sender = sender
        self._reading = reading
        self._finding = finding
        self._seconds = seconds

    async def cancel(self, project: str, run: ExternalRunId, *, force: bool) -> None:
        """Stop (exit handlers still run), or with `force` terminate. One that has ended already is not an error.

        Raises `ExternalGone`, `BackendUnreachable`, `BackendDenied`.
        """
        wanted = names.run(run)
        found = await self._finding.workflow(project, wanted)
        if _has_ended(found):
            return
        verb = "terminate" if force else "stop"
        result = await self._put(project, wanted, verb, {})
        if isinstance(result, Answer) and result.status == 200:
            return
        if isinstance(result, Answer) and _has_ended(await self._finding.workflow(project, wanted)):
            return
        raise ARGO.failure(result, f"the end of the workflow {wanted.name} of {project}", advice=_ADVICE)

    async def answer(
        self, project: str, run: ExternalRunId, gate: GateId, verdict: GateVerdict, *, comment: str
    ) -> None:
        """Resume a suspend node, or let it fail.

        Raises `GateClosed`, `ExternalGone`, `BackendUnreachable`, `BackendDenied`.
        """
        wanted = names.run(run)
        found = await self._finding.workflow(project, wanted)
        node = found.status.nodes.get(names.node(gate))
        if node is None or not node.waits or _has_ended(found):
            raise _closed(gate)
        # By its id, since without a selector everything that waits in the workflow would go on.
        body = {"nodeFieldSelector": f"id={names.node(gate)}"}
        if verdict is GateVerdict.STOP:
            body["message"] = comment
        verb = "resume" if verdict is GateVerdict.GO else "stop"
        result = await self._put(project, wanted, verb, body)
        if isinstance(result, Answer) and result.status == 200:
            return
        if isinstance(result, Answer) and says_nothing_waits(result):
            raise _closed(gate)
        if isinstance(result, Answer) and result.status == 404:
            raise ExternalGone(f"There is no workflow {wanted.name} in {project} any more. Nothing was changed.")
        raise ARGO.failure(result, f"the answer to {gate} of {project}", advice=_ADVICE)

    async def _put(self, project: str, run: RunName, verb: str, body: dict[str, str]) -> Answer | Silence:
        if (held := self._reading.held()) is not None:
            return held
        started = time.monotonic()
        document = {"namespace": project, "name": run.name, **body}
        call = Call(
            method="PUT",
            path=f"{names.workflow(project, run.name)}/{verb}",
            body=json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"),
        )
        result = await self._sender.send(call, Permit(self._seconds))
        return self._reading.note(f"workflow.{verb}", result, started)


def _has_ended(workflow: Workflow) -> bool:
    return of_workflow(workflow.status.phase) in EXTERNAL_ENDS


def _closed(gate: GateId) -> GateClosed:
    return GateClosed(f"Nothing waits at {gate} any more: it was answered before, or its run has ended.")
