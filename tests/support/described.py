"""Requests and answers held against an official description of an API (OpenAPI 3.0), where that is at hand.

``DAYTWO_SPECS`` names the folder of the descriptions; else it is looked for beside the repository. Where it is not,
what needs it is left out, and says so.
"""

import dataclasses
import json
import os
import warnings
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

FOLDER = Path(os.environ.get("DAYTWO_SPECS", Path(__file__).resolve().parents[3] / "shared" / "specs"))
needs_specs = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the descriptions are not at hand; name their folder by DAYTWO_SPECS"
)


@dataclasses.dataclass
class Asked:
    """A request in the words of openapi-core."""

    path: str
    method: str
    parameters: RequestParameters
    body: bytes | None
    host_url: str
    content_type: str = "application/json"


@dataclasses.dataclass
class Told:
    """An answer in the words of openapi-core."""

    status_code: int
    headers: Headers
    content_type: str
    data: bytes


class Checker:
    """Sends requests and holds both directions against the description; ``credential`` is what the document wants."""

    def __init__(self, description: OpenAPI, client: httpx.Client, *, host: str, credential: dict[str, str]) -> None:
        self._description = description
        self.client = client
        self._host = host
        self._credential = credential

    def __call__(self, method: str, path: str, *, pattern: str = "", **options: Any) -> httpx.Response:
        """``pattern``: the path with its variable part in one piece, where the real one has slashes."""
        answer = self.client.request(method, path, **options)
        query = ImmutableMultiDict(list(answer.request.url.params.multi_items()))
        asked = Asked(
            path=pattern or answer.request.url.raw_path.decode().partition("?")[0],
            method=method.lower(),
            parameters=RequestParameters(query=query, header=Headers(self._credential)),
            body=answer.request.content or None,
            host_url=self._host,
        )
        told = Told(
            status_code=answer.status_code,
            headers=Headers(list(answer.headers.items())),
            content_type=answer.headers.get("content-type", ""),
            data=answer.content,
        )
        if answer.status_code < 400:
            self._description.validate_request(asked)
        self._description.validate_response(asked, told)
        return answer


def described(file: Path) -> OpenAPI:
    """A description; nulls are let in where it says nullable and forgets them among the values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own; only what it says about answers counts here
        document = json.loads(file.read_text(encoding="utf-8"))
        _let_null_be_among_nullable(document)
        return OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))


def _let_null_be_among_nullable(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("nullable") and None not in node.get("enum", [None]):
            node["enum"].append(None)
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            _let_null_be_among_nullable(one)
