"""What the fault rules that hit a request do to it."""

import asyncio
import os
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from daytwo_standins.shared import skewed
from daytwo_standins.shared.answers import Answer, CallEffects
from daytwo_standins.shared.faults import HookFault, RetryAfterFault, Rule, When

TRANSPORT = "daytwo.transport"
_PART_OF_A_STREAM = 64  # bytes: within the first object


class Hung(Exception):  # not an error: the fault that was asked for
    """The connection ends without an answer; ``how`` is reset (RST) or close (FIN)."""

    def __init__(self, how: Literal["reset", "close"]) -> None:
        super().__init__(how)
        self.how = how


Problem = Callable[[int, str], object]


class Plot:
    """The rules that hit one request; ``problem`` makes the body of an error, as the vendor writes it."""

    def __init__(self, rules: dict[int, Rule], problem: Problem) -> None:
        self._rules = list(rules.values())
        self._problem = problem
        self.ids = list(rules)

    @property
    def skew(self) -> float:
        """Seconds that the vendor's clock is ahead."""
        return sum(rule.skew.seconds for rule in self._rules if rule.skew)

    @property
    def effects(self) -> CallEffects:
        """What they do to the run that a dispatch creates."""
        return CallEffects(
            lag=max((rule.lag.seconds for rule in self._rules if rule.lag), default=0.0),
            hide_marker=any(rule.hide_marker for rule in self._rules),
            wrong_id=any(rule.wrong_id for rule in self._rules),
            delete_run=any(rule.delete_run for rule in self._rules),
            instant_finish=any(rule.instant_finish for rule in self._rules),
            never_finish=any(rule.never_finish for rule in self._rules),
            human_rerun=any(rule.human_rerun for rule in self._rules),
            skew=self.skew,
            log=next((rule.log for rule in self._rules if rule.log), None),
            archive=next((rule.zip.kind for rule in self._rules if rule.zip), "good"),
        )

    async def before(self) -> Answer | None:
        """Strike before the request takes effect; an answer ends it there."""
        for rule in self._rules:
            _hook(rule, "before")
            if rule.timeout and rule.timeout.when == "before":
                await asyncio.sleep(rule.timeout.seconds)
                raise Hung("close")
            if rule.reset and rule.reset.when == "before":
                raise Hung("reset")
            answer = self._refusal(rule)
            if answer is not None:
                return answer
        return None

    async def after(self, answer: Answer) -> Answer:
        """Strike when the request has taken effect but is not answered."""
        for rule in self._rules:
            _hook(rule, "after")
            if rule.timeout and rule.timeout.when == "after":
                await asyncio.sleep(rule.timeout.seconds)
            if rule.reset and rule.reset.when == "after":
                raise Hung("reset")
            if rule.status and rule.status.when == "after":
                answer = self._status(rule.status.code, rule.status.message)
            if rule.garbage:
                answer = Answer(status=200, raw=rule.garbage.body.encode())
        return answer

    def shape(self, response: Response) -> Response:
        """Cut the answer on its way."""
        for rule in self._rules:
            if rule.truncate:
                return _cut(response, keep=rule.truncate.n, how="close")
            if rule.reset and rule.reset.when == "mid_body":
                half = _PART_OF_A_STREAM if isinstance(response, StreamingResponse) else len(response.body) // 2
                return _cut(response, keep=half, how="reset")
        return response

    def _refusal(self, rule: Rule) -> Answer | None:
        if rule.retry_after:
            message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
            return self._status(rule.retry_after.code, message, {"retry-after": _until(rule.retry_after)})
        if rule.redirect:
            return self._status(rule.redirect.code, "Moved", {"location": rule.redirect.url})
        if rule.status and rule.status.when == "before":
            return self._status(rule.status.code, rule.status.message)
        return None

    def _status(self, code: int, message: str, headers: dict[str, str] | None = None) -> Answer:
        return Answer(status=code, data=self._problem(code, message), headers=headers or {})


def _until(fault: RetryAfterFault) -> str:
    """By the vendor's clock, whose header Date is of the same second."""
    return skewed.date(fault.seconds) if fault.date else str(fault.seconds)


class CutResponse(Response):
    """An answer whose headers promise all and whose body ends early, with the connection."""

    def __init__(self, whole: Response, *, keep: int, how: Literal["reset", "close"]) -> None:
        super().__init__(status_code=whole.status_code)
        self._whole = whole
        self._keep = keep
        self._how = how

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the part, then hang up."""
        status, headers = self._whole.status_code, self._whole.raw_headers
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(self._whole.body)[: self._keep], "more_body": True})
        hang_up(scope, self._how)


class CutStream(Response):
    """A stream that ends within the chunk in which it would be longer than it may be, with the connection."""

    def __init__(self, whole: StreamingResponse, *, keep: int, how: Literal["reset", "close"]) -> None:
        super().__init__(status_code=whole.status_code)
        self._whole = whole
        self._keep = keep
        self._how = how

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the part, then hang up."""
        status, headers, left = self._whole.status_code, self._whole.raw_headers, self._keep
        await send({"type": "http.response.start", "status": status, "headers": headers})
        async for chunk in self._whole.body_iterator:
            part = chunk.encode()[:left] if isinstance(chunk, str) else bytes(chunk)[:left]
            await send({"type": "http.response.body", "body": part, "more_body": True})
            left -= len(part)
            if left <= 0:
                break
        hang_up(scope, self._how)


def _cut(whole: Response, *, keep: int, how: Literal["reset", "close"]) -> Response:
    if isinstance(whole, StreamingResponse):
        return CutStream(whole, keep=keep, how=how)
    return CutResponse(whole, keep=keep, how=how)


class _HungResponse(Response):
    def __init__(self, how: Literal["reset", "close"]) -> None:
        super().__init__()
        self._how = how

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        hang_up(scope, self._how)


def hung_response(hung: Hung) -> Response:
    """No answer at all."""
    return _HungResponse(hung.how)


def hang_up(scope: Scope, how: Literal["reset", "close"]) -> None:
    """End the connection of a request: by RST, as a crashed peer does, or in order."""
    transport: Any = scope["extensions"][TRANSPORT]
    if how == "reset":
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()


def _hook(rule: Rule, when: When) -> None:
    if rule.hook is None or rule.hook.when != when:
        return
    pid = rule.hook.pid if rule.hook.pid is not None else _pid_in_file(rule.hook)
    if pid is not None:
        try:
            os.kill(pid, signal.Signals[f"SIG{rule.hook.signal}"])
        except ProcessLookupError:
            return


def _pid_in_file(hook: HookFault) -> int | None:
    text = Path(hook.pidfile).read_text(encoding="ascii").strip() if hook.pidfile else ""
    return int(text) if text.isdigit() else None
