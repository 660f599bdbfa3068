"""A vendor's published description of its API: OpenAPI 3.0 or Swagger 2.0, read as what is said about one operation.

Nothing of it is made ready before it is asked for; an operation is looked up once.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from jsonschema import Draft4Validator, Draft202012Validator, validators
from referencing import Registry, Specification

from daytwo_standins.shared.fault_words import words

_DOCUMENT: Final = "urn:description"
_VARIABLE: Final = re.compile(r"\{[^}]*\}")
Types = Mapping[str, Sequence[str]]
_FORMATS: Final = Draft202012Validator.FORMAT_CHECKER


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """Of the query or the path; ``several`` values may come for a list, else they are parted by commas."""

    schema: Mapping[str, Any]
    required: bool
    several: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """What is said about one operation. ``answers``: by status, the schema (None: any) of each media type.

    ``path``: by the number of a part of the path that is one variable and nothing else, its name and what it may be.
    """

    where: str
    path: Mapping[int, tuple[str, Parameter]]
    query: Mapping[str, Parameter]
    body: Mapping[str, Any] | None
    body_required: bool
    answers: Mapping[str, Mapping[str, Mapping[str, Any] | None]]


class Description:
    """One document.

    ``strict``: what a schema of an object does not name must not be in it. ``types``: of definitions whose
    type is another one than described.
    """

    def __init__(self, document: dict[str, Any], *, strict: bool = False, types: Types = MappingProxyType({})) -> None:
        self._document = document
        self._swagger = "swagger" in document
        if strict:
            _close(document)
        for name, known in types.items():
            document["definitions"][name]["type"] = list(known)
        self._registry: Registry[Any] = Registry().with_resource(
            _DOCUMENT, Specification.OPAQUE.create_resource(document)
        )
        self._paths: dict[str, str] = {_VARIABLE.sub("{}", path): path for path in document["paths"]}
        self._found: dict[tuple[str, str], Described | None] = {}

    @classmethod
    def read(cls, file: Path, *, strict: bool = False, types: Types = MappingProxyType({})) -> Self:
        """Read a file.

        Raises:
            ValueError: it is no description.
        """
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            return cls(document, strict=strict, types=types)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"the description {file} cannot be read: {error}") from error

    def operation(self, method: str, template: str) -> Described | None:
        """What is said about a method and a path with variables, whatever they are called; None: nothing."""
        key = (method, template)
        if key not in self._found:
            self._found[key] = self._look_up(method.lower(), template)
        return self._found[key]

    def faults(self, schema: Mapping[str, Any], data: object, *, part: bool = False) -> Iterator[str]:
        """Where data is not as a schema says, in words, each once. Of a ``part`` nothing is missed."""
        found = (_PartValidator if part else _Validator)(
            schema, registry=self._registry, format_checker=_FORMATS
        ).iter_errors(data)
        yield from dict.fromkeys(line for fault in found for line in words(fault))

    def resolved(self, node: Any) -> Any:
        """What a reference leads to; anything else is itself."""
        while isinstance(node, dict) and "$ref" in node:
            node = self._at(node["$ref"])
        return node

    def _at(self, reference: str) -> Any:
        node: Any = self._document
        for part in reference.partition("#/")[2].split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def _look_up(self, method: str, template: str) -> Described | None:
        path = self._path(method, _VARIABLE.sub("{}", template))
        if path is None:
            return None
        item = self._document["paths"][path]
        operation = item[method]
        listed = [self.resolved(one) for one in [*item.get("parameters", []), *operation.get("parameters", [])]]
        body, required = self._body(operation, listed)
        return Described(
            where=f"{method.upper()} {path}",
            path=dict(self._variables(path, listed)),
            query={one["name"]: self._parameter(one) for one in listed if one["in"] == "query"},
            body=body,
            body_required=required,
            answers={str(status): self._answer(one, operation) for status, one in operation["responses"].items()},
        )

    def _path(self, method: str, template: str) -> str | None:
        exact: str | None = self._paths.get(template)
        if exact is not None and method in self._document["paths"][exact]:
            return exact
        parts = template.split("/")
        for wanted in sorted(self._paths, key=lambda one: one.count("{}")):
            path = self._paths[wanted]
            if _fits(parts, wanted.split("/")) and method in self._document["paths"][path]:
                return path
        return None

    def _variables(self, path: str, listed: list[Mapping[str, Any]]) -> Iterator[tuple[int, tuple[str, Parameter]]]:
        known = {f"{{{one['name']}}}": one for one in listed if one["in"] == "path"}
        for number, part in enumerate(path.split("/")):
            if part in known:
                yield number, (known[part]["name"], self._parameter(known[part]))

    def _parameter(self, one: Mapping[str, Any]) -> Parameter:
        if self._swagger:
            return Parameter(
                schema=one, required=one.get("required", False), several=one.get("collectionFormat") == "multi"
            )
        return Parameter(
            schema=self.resolved(one.get("schema", {})),
            required=one.get("required", False),
            several=one.get("explode", True),
        )

    def _body(
        self, operation: Mapping[str, Any], listed: list[Mapping[str, Any]]
    ) -> tuple[Mapping[str, Any] | None, bool]:
        if self._swagger:
            body = next((one for one in listed if one["in"] == "body"), None)
            return (None, False) if body is None else (_anchored(body["schema"]), body.get("required", False))
        told = self.resolved(operation.get("requestBody"))
        if told is None:
            return None, False
        return _anchored(told["content"].get("application/json", {}).get("schema", {})), told.get("required", False)

    def _answer(
        self, answer: Mapping[str, Any], operation: Mapping[str, Any]
    ) -> Mapping[str, Mapping[str, Any] | None]:
        told = self.resolved(answer)
        if self._swagger:
            kinds = operation.get("produces", self._document.get("produces", []))
            schema = told.get("schema")
            if schema is None or schema.get("type") == "file" or schema.get("format") == "binary":
                return {}  # of whatever type it is
            return {kind: _anchored(schema) for kind in kinds}
        content = told.get("content", {})
        return {kind: _anchored(one["schema"]) if "schema" in one else None for kind, one in content.items()}


def _anchored(schema: Any) -> Any:
    """A schema whose references start at the document."""
    if isinstance(schema, dict):
        return {key: _reference(one) if key == "$ref" else _anchored(one) for key, one in schema.items()}
    if isinstance(schema, list):
        return [_anchored(one) for one in schema]
    return schema


def _reference(told: Any) -> Any:
    return f"{_DOCUMENT}{told}" if isinstance(told, str) and told.startswith("#") else _anchored(told)


def _fits(parts: list[str], wanted: list[str]) -> bool:
    return len(parts) == len(wanted) and all(other in {"{}", one} for one, other in zip(parts, wanted, strict=True))


def _close(document: dict[str, Any]) -> None:
    for definition in document["definitions"].values():
        if "properties" in definition:
            definition.setdefault("additionalProperties", False)


def _unless_null(check: Any) -> Any:
    def checked(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        if instance is None and schema.get("nullable"):
            return ()
        return check(validator, value, instance, schema) or ()

    return checked


def _keywords(schema: Any) -> Any:
    """Beside a reference nothing counts, as OpenAPI 3.0 and Swagger 2.0 have it."""
    return [("$ref", schema["$ref"])] if isinstance(schema.get("$ref"), str) else schema.items()


# OpenAPI 3.0 is JSON Schema's draft 4 with `nullable`, which goes before every other keyword beside it.
_KEYWORDS: Final = {
    **Draft4Validator.VALIDATORS,
    **{name: _unless_null(Draft4Validator.VALIDATORS[name]) for name in ("type", "enum", "allOf", "anyOf", "oneOf")},
}


def _validator(known: Mapping[str, Any]) -> Any:
    return validators.create(
        meta_schema={},
        validators=known,
        type_checker=Draft4Validator.TYPE_CHECKER,
        format_checker=_FORMATS,
        id_of=lambda _: "",
        applicable_validators=_keywords,
    )


_Validator: Final = _validator(_KEYWORDS)
_PartValidator: Final = _validator({name: check for name, check in _KEYWORDS.items() if name != "required"})
