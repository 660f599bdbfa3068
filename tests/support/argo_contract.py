"""Requests to Argo Server and its answers against its published description, where that is at hand.

``DAYTWO_SPECS`` names the folder with the descriptions; without it the folder beside the repository is looked at.
"""

import json
import os
import re
from pathlib import Path
from typing import Any, Final

import httpx
from jsonschema import Draft202012Validator

_TIME: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.Time"
_METHODS: Final = {"get", "post", "put", "delete"}


def argo_specs() -> Path | None:
    """The folder with Argo's description."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "specs"
    folder = Path(os.environ.get("DAYTWO_SPECS", beside)) / "argo"
    return folder if folder.is_dir() else None


class ArgoContract:
    """The description, strict: what it does not know is a fault too.

    Two things are let through on purpose: times may be null (Argo sends that for times that are not set), and a request
    that was refused may have been wrong.
    """

    def __init__(self, folder: Path) -> None:
        self._document: dict[str, Any] = json.loads((folder / "swagger.json").read_text(encoding="utf-8"))
        for name, definition in self._document["definitions"].items():
            if name == _TIME:
                definition["type"] = ["string", "null"]
            elif "properties" in definition:
                definition.setdefault("additionalProperties", False)
        self._paths = [
            (re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path))), path, operations)
            for path, operations in self._document["paths"].items()
        ]
        self.checked = 0

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """What the description says about a method and a path; the path with the fewest variables goes first."""
        fitting = [found for pattern, name, found in sorted(self._paths, key=_variables) if pattern.fullmatch(path)]
        for operations in fitting:
            if method.lower() in operations:
                found: dict[str, Any] = operations[method.lower()]
                return found
        raise AssertionError(f"the description has no {method} {path}")

    def check(self, request: httpx.Request, response: httpx.Response) -> None:
        """Hold a request and its whole answer against the description."""
        operation = self.operation(request.method, request.url.path)
        if response.status_code == 200:
            self._check_request(operation, request)
        kind = response.headers.get("content-type", "")
        answer = operation["responses"].get(str(response.status_code), operation["responses"]["default"])
        if "Stream result" in answer["schema"].get("title", ""):
            for one in objects_in(response.text):
                self._hold(answer["schema"], one, f"an object in the stream of {request.url.path}")
        elif kind.startswith("application/json"):
            self._hold(answer["schema"], response.json(), f"the answer to {request.method} {request.url.path}")
        self.checked += 1

    def _check_request(self, operation: dict[str, Any], request: httpx.Request) -> None:
        known = {one["name"]: one for one in operation.get("parameters", [])}
        unknown = {name for name in request.url.params if known.get(name, {}).get("in") != "query"}
        assert not unknown, f"{request.url.path} has no parameters {unknown}"
        body = next((one for one in known.values() if one["in"] == "body"), None)
        if request.content:
            assert body is not None, f"{request.method} {request.url.path} has no body"
            self._hold(body["schema"], json.loads(request.content), f"the body of {request.method} {request.url.path}")

    def _hold(self, schema: dict[str, Any], data: object, what: str) -> None:
        validator = Draft202012Validator({**schema, "definitions": self._document["definitions"]})
        faults = [f"{'/'.join(map(str, one.path))}: {one.message[:300]}" for one in validator.iter_errors(data)]
        assert faults == [], f"{what}: {faults[:5]}"


def objects_in(stream: str) -> list[Any]:
    """The objects of a stream, in either of its two forms."""
    lines = [line.removeprefix("data: ") for line in stream.splitlines()]
    return [json.loads(line) for line in lines if line.strip() and line != ":"]


def _variables(entry: tuple[object, str, object]) -> int:
    return entry[1].count("{")
