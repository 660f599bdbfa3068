"""The way of a request through any stand-in.

Faults that strike before; the answer; faults that strike after; the request log. What differs is in the subclasses.
"""

import hashlib
import json
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from daytwo_standins.shared import skewed
from daytwo_standins.shared.answers import Answer, CallEffects
from daytwo_standins.shared.contract import Contract, Exchange
from daytwo_standins.shared.durable_lines import monotonic
from daytwo_standins.shared.fault_actions import Hung, Plot, hung_response
from daytwo_standins.shared.faults import FaultBook
from daytwo_standins.shared.request_log import RequestLog


class Endpoint(ABC):
    """One operation as an ASGI application of its own, so that a fault can take the connection away.

    ``method`` and ``template`` are what the vendor's description calls it; ``problem`` makes the body of an error of a
    status and a message.
    """

    def __init__(
        self,
        name: str,
        method: str,
        template: str,
        *,
        faults: FaultBook,
        requests: RequestLog,
        contract: Contract,
        problem: Callable[[int, str], Mapping[str, Any]],
    ) -> None:
        self.name = name
        self._method = method
        self._template = template
        self._contract = contract
        self._faults = faults
        self._requests = requests
        self._problem = problem

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        begun, request_id = time.time(), secrets.token_hex(8).upper()
        raw = await request.body()
        plot = Plot(self._faults.strike(self.name, self.about(request, raw)), self._problem)
        login, wrong = "", None
        try:
            answer = await plot.before()
            if answer is None:
                answer, login = await self.answer(request, raw, plot.effects)
                wrong = self._violations(request, raw, answer)
                answer = await plot.after(answer)
            else:
                wrong = self._violations(request, raw, None)
            self._log(request, answer.status, login, begun, request_id, plot, wrong)
            response = plot.shape(_dated(self.respond(request, answer, login, request_id), plot.skew))
        except Hung as hung:
            wrong = self._violations(request, raw, None) if wrong is None else wrong
            self._log(request, 0, "", begun, request_id, plot, wrong)
            response = hung_response(hung)
        await response(scope, receive, send)

    @abstractmethod
    async def answer(self, request: Request, raw: bytes, effects: CallEffects) -> tuple[Answer, str]:
        """Who asks; how often; may they; what comes of it. With the login, empty when nobody knows it. Never raises."""

    @abstractmethod
    def respond(self, request: Request, answer: Answer, login: str, request_id: str) -> Response:
        """The answer with the headers that this vendor gives."""

    @abstractmethod
    def about(self, request: Request, raw: bytes) -> str | None:
        """What fault rules search: the name, inputs and so on of the run that a request is about."""

    def path(self, request: Request) -> str:
        """The path as it stands in the log."""
        return request.url.path

    def variables(self, request: Request) -> Mapping[str, Any]:
        """What stands for the variables of the template, decoded."""
        return request.path_params

    def _violations(self, request: Request, raw: bytes, answer: Answer | None) -> list[str]:
        """What is not as the vendor describes it."""
        query = tuple(request.query_params.multi_items())
        return self._contract.check(
            Exchange(
                operation=self.name,
                method=self._method,
                template=self._template,
                variables={name: str(value) for name, value in self.variables(request).items()},
                query=query,
                body=raw,
                answer=answer,
            )
        )

    def _log(
        self,
        request: Request,
        status: int,
        login: str,
        begun: float,
        request_id: str,
        plot: Plot,
        wrong: list[str],
    ) -> None:
        line = {
            "operation": self.name,
            "method": request.method,
            "path": self.path(request),
            "query": request.url.query,
            "status": status,
            "login": login,
            "at": begun,
            "monotonic": monotonic(),
            "seconds": round(time.time() - begun, 6),
            "request_id": request_id,
            "faults": plot.ids,
            "violations": wrong,
        }
        self._requests.add(line)


def _dated(response: Response, skew: float) -> Response:
    """With the time by the vendor's clock; one that is wrong shows in everything that tells a time."""
    if not skew:
        response.headers["date"] = skewed.date(0.0)
        return response
    told = skewed.headers(dict(response.headers), skew)
    if isinstance(response, StreamingResponse):
        response.headers.update(told)
        return response
    told.pop("content-length", None)
    return Response(skewed.body(bytes(response.body), skew), response.status_code, headers=told)


def as_response(answer: Answer, headers: Mapping[str, str], content_type: str) -> Response:
    """Raw, or as JSON."""
    if answer.pieces is not None:
        return StreamingResponse(answer.pieces, answer.status, headers=dict(headers))
    if answer.raw is not None or answer.data is None:
        return Response(answer.raw, answer.status, headers=dict(headers))
    body = json.dumps(answer.data, ensure_ascii=False).encode()
    return Response(body, answer.status, headers={"content-type": content_type, **headers})


def conditional(request: Request, answer: Answer, *, content_type: str, cache: str) -> Answer:
    """With an ETag if it is the answer to a successful GET; 304 without a body if the client has it already."""
    if request.method != "GET" or answer.status != 200 or answer.data is None:
        return answer
    body = json.dumps(answer.data, ensure_ascii=False).encode()
    tag = f'W/"{hashlib.sha256(body).hexdigest()}"'
    headers = {**answer.headers, "etag": tag, "cache-control": cache}
    if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Answer(status=304, raw=b"", headers=headers)
    return Answer(status=200, raw=body, headers={"content-type": content_type, **headers})
