"""Answers that go on: one JSON document a line, or server-sent events. Errors come in the middle of them, after a 200.

https://argo-workflows.readthedocs.io/en/latest/rest-api/
"""

from collections.abc import Iterator
from typing import Final

from pydantic import Field, ValidationError

from daytwo_actions.backends.argo.wire.objects import Metadata, Vendor
from daytwo_actions.backends.argo.wire.status import WORKFLOW, of_workflow
from daytwo_actions.backends.base import Hint
from daytwo_actions.backends.wire.answer import in_one_line
from daytwo_store.states import EXTERNAL_ENDS

_LONGEST: Final = 4_000_000  # bytes of one document; the server splits lines of logs after 1 MiB


class StreamFault(Exception):
    """The stream says that something went wrong, or is not what it should be. `status` as of HTTP, 0 when not told."""

    def __init__(self, detail: str, status: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


class Lines:
    """Puts pieces of bytes together to lines without their ends. Raises `StreamFault` for one that does not end."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        # Only what is new is looked through: a server that drips a long line byte by byte costs no more than others.
        *lines, rest = piece.split(b"\n")
        for line in lines:
            self._rest += line
            whole, self._rest = bytes(self._rest.rstrip(b"\r")), bytearray()
            yield whole
        self._rest += rest
        if len(self._rest) > _LONGEST:
            raise StreamFault(f"a line has more than {_LONGEST} bytes")

    def end(self) -> bytes:
        """What is left when the stream has ended: a line without an end."""
        return bytes(self._rest)


class _Entry(Vendor):
    content: str = ""
    pod_name: str = ""


class _Trouble(Vendor):
    http_code: int = Field(default=0, alias="http_code")
    message: str = ""


class _LogLine(Vendor):
    result: _Entry | None = None
    error: _Trouble | None = None


class _Phase(Vendor):
    phase: str = ""


class _Object(Vendor):
    metadata: Metadata
    status: _Phase | None = None


class _Change(Vendor):
    type: str = ""
    object: _Object | None = None


class _Event(Vendor):
    result: _Change | None = None
    error: _Trouble | None = None


def log_line(line: bytes) -> bytes:
    """A line of the log with its end, nothing for an empty document. Raises `StreamFault`."""
    if not line.strip():
        return b""
    try:
        told = _LogLine.model_validate_json(line)
    except ValidationError:
        raise StreamFault("a line of the log is not JSON as documented") from None
    _check(told.error)
    if told.result is None:
        return b""
    return told.result.content.encode("utf-8", "replace") + b"\n"


def hint(line: bytes) -> Hint | None:
    """What a line of the event stream tells; None for what keeps the connection alive. Raises `StreamFault`."""
    if not line.startswith(b"data:"):
        return None
    try:
        told = _Event.model_validate_json(line.removeprefix(b"data:").strip())
    except ValidationError:
        raise StreamFault("an event is not JSON as documented") from None
    _check(told.error)
    if told.result is None or told.result.object is None:
        return None
    change = told.result.object
    return hint_of(change.metadata, change.status.phase if change.status else "", kind=told.result.type)


def hint_of(metadata: Metadata, phase: str, *, kind: str = "") -> Hint:
    """What a version of a workflow tells. `kind` is that of the event: "ADDED", "MODIFIED" or "DELETED"."""
    word = "deleted" if kind == "DELETED" else phase.lower() if phase in WORKFLOW else "changed"
    return Hint(
        delivery=f"{metadata.uid}:{metadata.resource_version}:{word}",
        project_id=metadata.namespace,
        run=metadata.run.id,
        event=f"workflow.{word or 'created'}",
        final=of_workflow(phase) in EXTERNAL_ENDS,
    )


def _check(error: _Trouble | None) -> None:
    if error is not None:
        raise StreamFault(in_one_line(error.message) or "an error without an explanation", error.http_code)
