"""Creating a workflow under a name of ours: once, and a name that is taken is looked at (algorithm A1, "Argo")."""

import time
from typing import Final

from pydantic import ValidationError

from daytwo_actions.backends.argo.sender import Call, Sender
from daytwo_actions.backends.argo.wire import creation, names, outcome
from daytwo_actions.backends.argo.wire.objects import Workflow
from daytwo_actions.backends.base import FrozenRequest, Marker, Refused, Sent
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.wire.answer import Answer

_LEAST: Final = 0.05  # seconds in which a look still makes sense


class Dispatching:
    def __init__(self, sender: Sender, reading: Reading, *, creator: str | None, page: str) -> None:
        self._sender = sender
        self._creator = creator
        self._reading = reading
        self._page = page

    async def send(self, request: FrozenRequest, *, seconds: float) -> Sent:
        permit = Permit(seconds)
        started = time.monotonic()
        try:
            creation.check(request)
            label = creation.body_label(request)
        except (ValueError, KeyError, TypeError, BackendDenied) as error:
            return Refused(detail=f"The dispatch was not sent: {error}. It has to be planned and approved anew.")
        marker = Marker(corr=request.corr, pinned=request.pinned)
        if (held := self._reading.held()) is not None:
            return outcome.classify(held, marker, label, page=self._page)
        call = Call(method=request.method, path=request.path, body=request.body)
        result = self._reading.note("dispatch", await self._sender.send(call, permit), started)
        if not outcome.is_taken(result):
            return outcome.classify(result, marker, label, page=self._page)
        return await self._taken(marker, label, permit)

    async def _taken(self, marker: Marker, label: str, permit: Permit) -> Sent:
        """Whose workflow has the name? Ours from before is as good as one that was created now."""
        started = time.monotonic()
        path = names.workflow(marker.pinned.target.project, names.of_corr(marker.corr))
        seconds = max(_LEAST, permit.remaining())
        found = await self._sender.read(Call(method="GET", path=path), seconds=seconds)
        found = self._reading.note("workflow.taken", found, started)
        try:
            if isinstance(found, Answer) and found.status == 200:
                workflow = Workflow.model_validate_json(found.body)
                return outcome.adopted(workflow, marker, label, creator=self._creator, page=self._page)
        except ValidationError:
            pass
        return outcome.in_doubt("Argo Workflows has a workflow with this name already, and did not show it")
