"""Requests and answers held against the vendor's own description of its API, in the process that serves.

Only where the descriptions are at hand: the setting DAYTWO_SPECS names their folder, or they are in `../shared/specs`
beside the repository. Where they are not, that is said.
A value never stands in what is told, since it may be a secret.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from daytwo_standins.shared.answers import Answer
from daytwo_standins.shared.violations import Violations

if TYPE_CHECKING:
    from daytwo_standins.shared.description import Described, Description, Parameter

SETTING: Final = "DAYTWO_SPECS"
BESIDE: Final = Path(__file__).resolve().parents[4] / "shared" / "specs"
_REMEMBERED: Final = 4096  # answers that were found good; a client that polls gets the same ones again and again
_JSON: Final = "application/json"
_WRONG: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})  # the request itself was refused
_VARIABLE: Final = re.compile(r"\{(\w+)[^}]*\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Vendor:
    """Whose description it is, and where: ``file`` is below the folder of descriptions.

    ``excused``: operations whose answers cannot be held against it, and why, in words; their requests are, where they
    are described at all. For the others see ``Description``.
    """

    called: str
    file: str
    excused: Mapping[str, str]
    strict: bool = False
    types: Mapping[str, Sequence[str]] = field(default_factory=dict)
    trims: str = ""  # the parameter by which a client asks for a part of an answer
    undescribed: frozenset[str] = frozenset()  # parameters that it takes everywhere and describes in places
    misdescribed: frozenset[tuple[str, str]] = frozenset()  # an operation, and a part of its path whose type is wrong


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A request and the answer to it; no answer when a fault kept it from being answered.

    ``operation`` is the stand-in's name of it, ``template`` its path with ``variables``; ``query`` comes in pairs.
    """

    operation: str
    method: str
    template: str
    variables: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...]
    body: bytes
    answer: Answer | None


def descriptions() -> Path | None:
    """The folder that the setting names; where nobody has set it, the one beside the repository that this is run from.

    None: there is none, or it was set to nothing, so that nothing is held against anything.
    """
    named = os.environ.get(SETTING)
    if named is not None:
        return Path(named) if named else None
    return BESIDE if BESIDE.is_dir() else None


class Contract:
    """What a vendor says about its API, and what was found not to be so."""

    def __init__(self, vendor: Vendor, description: "Description | None", *, said: str, violations: Violations) -> None:
        self.said = said  # whether anything is held against anything, as a sentence
        self.violations = violations
        self._vendor = vendor
        self._description = description
        self._good: dict[bytes, None] = {}

    @classmethod
    def of(cls, vendor: Vendor, folder: Path) -> "Contract":
        """As the setting says; ``folder`` is where violations are written down.

        Raises:
            ValueError: there is a description and it cannot be read.
        """
        violations = Violations(folder / "violations.jsonl")
        named = descriptions()
        file = named / vendor.file if named is not None else None
        if file is None or not file.is_file():
            why = f"{SETTING} names no folder" if named is None else f"{SETTING} has no {vendor.file}"
            said = f"Requests and answers are not held against {vendor.called}'s description of its API: {why}."
            return cls(vendor, None, said=said, violations=violations)
        said = (
            f"Every request and every answer is held against {vendor.called}'s description of its API ({vendor.file})."
        )
        from daytwo_standins.shared.description import Description  # costs a tenth of a second: only where needed

        description = Description.read(file, strict=vendor.strict, types=vendor.types)
        return cls(vendor, description, said=said, violations=violations)

    @property
    def held(self) -> bool:
        """Whether there is a description."""
        return self._description is not None

    def described(self, method: str, template: str) -> "Described | None":
        """What is said about an operation; None when nothing is."""
        return None if self._description is None else self._description.operation(method, template)

    def check(self, exchange: Exchange) -> list[str]:
        """What is not as it is described, which is also written down. A stand-in that failed is described nowhere."""
        if exchange.answer is not None and exchange.answer.crashed:
            where = f"{exchange.method} {exchange.template}"
            return self._written(exchange, [f"{where}: the stand-in itself has failed; its log says of what"])
        told = self.described(exchange.method, exchange.template)
        excused = exchange.operation in self._vendor.excused
        if told is None:
            if self._description is None or excused:
                return []
            return self._written(exchange, [f"{exchange.method} {exchange.template}: there is no such operation"])
        return self._written(
            exchange, [*self._request(told, exchange), *(() if excused else self._answered(told, exchange))]
        )

    def check_part(self, operation: str, method: str, template: str, part: object, *, trimmed: bool = False) -> None:
        """The same for one object of an answer that goes on; a part of it when it was asked for ``trimmed``."""
        told = self.described(method, template)
        schema = _schema(told.answers["200"]) if told is not None else None
        if told is None or schema is None:
            return
        key = _digest("part", str(trimmed), template, json.dumps(part))
        if key in self._good:
            return
        wrong = [f"{told.where}: an object of the stream {line}" for line in self._wrong(schema, part, part=trimmed)]
        if not wrong:
            self._remember(key)
        self._written(
            Exchange(operation=operation, method=method, template=template, query=(), body=b"", answer=None), wrong
        )

    def close(self) -> None:
        """Give the file back."""
        self.violations.close()

    def _written(self, exchange: Exchange, wrong: list[str]) -> list[str]:
        if wrong:
            status = exchange.answer.status if exchange.answer is not None else 0
            self.violations.add({"operation": exchange.operation, "status": status, "violations": wrong})
        return wrong

    def _request(self, told: "Described", exchange: Exchange) -> Iterator[str]:
        if exchange.answer is not None and exchange.answer.status in _WRONG:
            return
        key = _digest(
            "?", exchange.method, exchange.template, repr((exchange.variables, exchange.query)), exchange.body
        )
        if key in self._good:
            return
        wrong = [
            *self._path(told, exchange),
            *self._query(told, exchange.query),
            *self._body(told, exchange.body),
        ]
        yield from (f"{told.where}: the request {line}" for line in wrong)
        if not wrong:
            self._remember(key)

    def _path(self, told: "Described", exchange: Exchange) -> Iterator[str]:
        parts = exchange.template.split("/")
        for number, (name, parameter) in told.path.items():
            variable = _VARIABLE.fullmatch(parts[number])
            value = exchange.variables.get(variable[1]) if variable else parts[number]
            if value is not None and (exchange.operation, name) not in self._vendor.misdescribed:
                wrong = self._wrong(parameter.schema, _one(parameter.schema, value))
                yield from (f"at {name!r} of the path {line}" for line in wrong)

    def _query(self, told: "Described", query: Iterable[tuple[str, str]]) -> Iterator[str]:
        given: dict[str, list[str]] = {}
        for name, value in query:
            given.setdefault(name, []).append(value)
        yield from (
            f"has a parameter {name!r} that is not described"
            for name in given
            if name not in told.query and name not in self._vendor.undescribed
        )
        for name, parameter in told.query.items():
            if name not in given:
                if parameter.required:
                    yield f"lacks the parameter {name!r}"
                continue
            meant = _meant(parameter, given[name])
            yield from (f"at the parameter {name!r} {line}" for line in self._wrong(parameter.schema, meant))

    def _body(self, told: "Described", body: bytes) -> Iterator[str]:
        if not body:
            if told.body_required:
                yield "lacks its body"
            return
        data = _sent(body)
        if data is None:
            yield "has a body that is neither JSON nor a form"
            return
        if told.body is None:
            if data != {}:  # clients that always send JSON send an empty object
                yield "has a body, and none is described"
            return
        yield from self._wrong(told.body, data)

    def _answered(self, told: "Described", exchange: Exchange) -> Iterator[str]:
        answer = exchange.answer
        if answer is None or answer.status == HTTPStatus.NOT_MODIFIED:
            return
        status = str(answer.status)
        if status not in told.answers and answer.status >= HTTPStatus.BAD_REQUEST and "default" not in told.answers:
            return  # refusals are described with gaps
        if status not in told.answers and "default" not in told.answers:
            yield f"{told.where}: an answer of status {status} is not described"
            return
        kinds = told.answers.get(status, told.answers.get("default", {}))
        raw = answer.raw if answer.raw is not None else json.dumps(answer.data).encode()
        trimmed = bool(self._vendor.trims) and any(name == self._vendor.trims for name, _ in exchange.query)
        key = _digest(status, str(trimmed), told.where, answer.headers.get("content-type", ""), raw)
        if key in self._good:
            return
        wrong = list(self._content(kinds, answer, raw, part=trimmed))
        yield from (f"{told.where}: the answer {status} {line}" for line in wrong)
        if not wrong:
            self._remember(key)

    def _content(
        self, kinds: Mapping[str, Mapping[str, Any] | None], answer: Answer, raw: bytes, *, part: bool
    ) -> Iterator[str]:
        if not kinds or not raw or (answer.raw is None and answer.data is None):
            return
        kind = answer.headers.get("content-type", _JSON).partition(";")[0]
        if kind not in kinds:
            yield f"is of the type {kind}, described is {' or '.join(kinds)}"
            return
        schema = kinds[kind]
        if schema is None or kind != _JSON:
            return
        try:
            yield from self._wrong(schema, json.loads(raw), part=part)
        except ValueError:
            yield "is no JSON"

    def _wrong(self, schema: Mapping[str, Any], data: object, *, part: bool = False) -> Iterator[str]:
        assert self._description is not None
        return self._description.faults(schema, data, part=part)

    def _remember(self, key: bytes) -> None:
        self._good[key] = None
        if len(self._good) > _REMEMBERED:
            del self._good[next(iter(self._good))]


def _schema(kinds: Mapping[str, Mapping[str, Any] | None]) -> Mapping[str, Any] | None:
    return next(iter(kinds.values()), None)


def _digest(*parts: str | bytes) -> bytes:
    told = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        told.update(len(raw).to_bytes(8, "big") + raw)
    return told.digest()


def _meant(parameter: "Parameter", values: list[str]) -> object:
    """The value that texts of a query stand for, as its schema has it."""
    if parameter.schema.get("type") == "array":
        parts = values if parameter.several else [part for value in values for part in value.split(",")]
        return [_one(parameter.schema.get("items", {}), part) for part in parts]
    return _one(parameter.schema, values[-1])


def _sent(body: bytes) -> object:
    """JSON, or a form with its `name[key]=value`; None where it is neither. What is sent as null is no body of ours."""
    try:
        return json.loads(body)
    except ValueError:
        pass
    try:
        pairs = parse_qsl(body.decode(), strict_parsing=True)
    except ValueError:
        return None
    form: dict[str, Any] = {}
    for name, value in pairs:
        outer, _, inner = name.partition("[")
        if inner:
            form.setdefault(outer, {})[inner.removesuffix("]")] = value
        else:
            form[outer] = value
    return form


def _one(schema: Mapping[str, Any], text: str) -> object:
    if schema.get("type") == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)  # python-gitlab sends `True`, and is understood
    if schema.get("type") in {"integer", "number"} and text.lstrip("-").isdigit():
        return int(text)
    return text
