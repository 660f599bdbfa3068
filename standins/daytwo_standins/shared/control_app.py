"""The control interface: what was accepted and asked, faults, redelivery, scripts. Never the product's."""

import json
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from daytwo_standins.shared.contract import Contract
from daytwo_standins.shared.faults import FaultBook, Rule

_RULES = TypeAdapter(list[Rule])


class Lines(Protocol):
    """Something written down that can be read back."""

    def read(self) -> list[dict[str, Any]]:
        """All lines, in order."""
        ...


class Controlled(Protocol):
    """A stand-in, as far as it is controlled from here."""

    @property
    def ledger(self) -> Lines:
        """What was accepted."""
        ...

    @property
    def requests(self) -> Lines:
        """What was asked."""
        ...

    @property
    def faults(self) -> FaultBook:
        """The rules in force."""
        ...

    @property
    def contract(self) -> Contract:
        """What the vendor says about its API."""
        ...

    def set_script(self, name: str, data: object) -> str | None:
        """Let a script begin for the run of this id or name; a refusal is returned as text."""
        ...


class Deliveries(Protocol):
    """Who sends webhooks."""

    def deliveries(self) -> list[dict[str, Any]]:
        """Every attempt to deliver."""
        ...

    async def redeliver(self, guid: object) -> bool:
        """Send one again, or with None all that failed."""
        ...


def control_app(standin: Controlled, webhooks: Deliveries) -> Starlette:
    """The control server of one stand-in."""
    control = _Control(standin, webhooks)
    return Starlette(
        routes=[
            Route("/state", control.state),
            Route("/ledger", control.ledger),
            Route("/requests", control.requests),
            Route("/deliveries", control.deliveries),
            Route("/faults", control.faults, methods=["GET"]),
            Route("/faults", control.add_faults, methods=["POST"]),
            Route("/faults", control.clear_faults, methods=["DELETE"]),
            Route("/faults/{number:int}", control.clear_faults, methods=["DELETE"]),
            Route("/violations", control.violations, methods=["GET"]),
            Route("/violations", control.forget_violations, methods=["DELETE"]),
            Route("/redeliver", control.redeliver, methods=["POST"]),
            Route("/runs/{run}/script", control.script, methods=["POST"]),
        ]
    )


class _Control:
    def __init__(self, standin: Controlled, webhooks: Deliveries) -> None:
        self._standin = standin
        self._webhooks = webhooks

    async def state(self, _request: Request) -> Response:
        contract = self._standin.contract
        found = len(contract.violations.read())
        return JSONResponse({"contract": contract.said, "checked": contract.held, "violations": found})

    async def violations(self, _request: Request) -> Response:
        return JSONResponse(self._standin.contract.violations.read())

    async def forget_violations(self, _request: Request) -> Response:
        self._standin.contract.violations.forget()
        return Response(status_code=204)

    async def ledger(self, _request: Request) -> Response:
        return JSONResponse(self._standin.ledger.read())

    async def requests(self, _request: Request) -> Response:
        return JSONResponse(self._standin.requests.read())

    async def deliveries(self, _request: Request) -> Response:
        return JSONResponse(self._webhooks.deliveries())

    async def faults(self, _request: Request) -> Response:
        rules = self._standin.faults.list()
        return JSONResponse(
            [{"id": n, **rule.model_dump(mode="json", exclude_unset=True)} for n, rule in rules.items()]
        )

    async def add_faults(self, request: Request) -> Response:
        data = await _json(request)
        try:
            rules = _RULES.validate_python(data if isinstance(data, list) else [data])
            return JSONResponse({"ids": self._standin.faults.add(rules)}, 201)
        except ValueError as error:
            return _refused(f"The fault rules are not valid, none was put in force: {error}")

    async def clear_faults(self, request: Request) -> Response:
        self._standin.faults.remove(request.path_params.get("number"))
        return Response(status_code=204)

    async def redeliver(self, request: Request) -> Response:
        data = await _json(request)
        delivery = data.get("delivery") if isinstance(data, dict) else None
        if not await self._webhooks.redeliver(delivery):
            return _refused('Give {"delivery": GUID} of a delivery, or {} for all that failed; nothing was sent.')
        return Response(status_code=202)

    async def script(self, request: Request) -> Response:
        data = await _json(request)
        try:
            refused = self._standin.set_script(request.path_params["run"], data)
        except ValidationError as error:
            return _refused(f"The script is not valid and was not set: {error}")
        if refused:
            return _refused(refused)
        return Response(status_code=202)


async def _json(request: Request) -> Any:
    raw = await request.body()
    try:
        return json.loads(raw or b"{}")
    except ValueError:
        return None


def _refused(message: str) -> Response:
    return JSONResponse({"message": message}, 422)
