"""Requests and answers held against the vendor's own description of its API (OpenAPI 3.0), in the process that serves.

Only where a description is at hand, which the configuration says; openapi-core is a tool of development and is imported
only then.
"""

import dataclasses
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from daytwo_standins.shared.answers import Answer


class Judge(Protocol):
    """openapi-core's description of an API."""

    def validate_request(self, request: Any) -> None:
        """Raise when a request is not as described."""
        ...

    def validate_response(self, request: Any, response: Any) -> None:
        """Raise when an answer is not as described."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A request and the answer to it; ``path`` is raw, ``query`` in pairs."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: bytes
    answer: Answer


@dataclasses.dataclass
class _Asked:
    path: str
    method: str
    parameters: Any
    body: bytes | None
    host_url: str
    content_type: str = "application/json"


@dataclasses.dataclass
class _Told:
    status_code: int
    headers: Any
    content_type: str
    data: bytes


class Contract:
    """One description; ``host`` is a server of it, ``credential`` a header that satisfies it."""

    def __init__(self, file: Path, *, host: str, credential: Mapping[str, str]) -> None:
        self._host = host
        self._credential = dict(credential)
        self._judge = _read(file)

    def violations(self, exchange: Exchange) -> list[str]:
        """What is not as it is described, of a request that was answered well and of the answer."""
        from openapi_core.datatypes import RequestParameters  # only where there is a description
        from werkzeug.datastructures import Headers, ImmutableMultiDict

        answer = exchange.answer
        raw = answer.raw if answer.raw is not None else json.dumps(answer.data).encode()
        asked = _Asked(
            path=exchange.path,
            method=exchange.method.lower(),
            parameters=RequestParameters(
                query=ImmutableMultiDict(list(exchange.query)), header=Headers(self._credential)
            ),
            body=exchange.body or None,
            host_url=self._host,
        )
        kind = answer.headers.get("content-type", "application/json")
        told = _Told(status_code=answer.status, headers=Headers(dict(answer.headers)), content_type=kind, data=raw)
        if answer.status >= 400:  # refusals are described with gaps: which there are, and hardly ever what is in them
            return []
        return [
            *_refusal("request", lambda: self._judge.validate_request(asked)),
            *_refusal("answer", lambda: self._judge.validate_response(asked, told)),
        ]


def _refusal(what: str, check: Any) -> list[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check()
    except Exception as error:  # noqa: BLE001  # openapi-core has many kinds, and each is what we look for
        causes = [error, error.__cause__, *getattr(error.__cause__, "schema_errors", ())]
        return [f"{what}: " + " ← ".join(str(one)[:300] for one in causes if one)]
    return []


def _read(file: Path) -> Judge:
    from openapi_core import Config, OpenAPI  # only where there is a description

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own; only what it says about answers counts here
        document = json.loads(file.read_text(encoding="utf-8"))
        _let_null_be_among_nullable(document)
        judge: Judge = OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))  # type: ignore[arg-type]  # documented so
        return judge


def _let_null_be_among_nullable(node: Any) -> None:
    """The library wants null among the values of a nullable enumeration; descriptions leave it out."""
    if isinstance(node, dict):
        if node.get("nullable") and None not in node.get("enum", [None]):
            node["enum"].append(None)
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            _let_null_be_among_nullable(one)
