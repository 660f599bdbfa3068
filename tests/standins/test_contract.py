"""What is held against a vendor's description, what is found, and how a test that uses a stand-in learns of it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from described import FOLDER, needs_specs

from daytwo_standins.argo.api import OPERATIONS as ARGO_OPERATIONS
from daytwo_standins.argo.described import ARGO
from daytwo_standins.github.api import OPERATIONS as GITHUB_OPERATIONS
from daytwo_standins.github.described import GITHUB
from daytwo_standins.github.testing import make_repository, start_standin
from daytwo_standins.gitlab.api import OPERATIONS as GITLAB_OPERATIONS
from daytwo_standins.gitlab.described import GITLAB
from daytwo_standins.shared import contract as contract_module
from daytwo_standins.shared.answers import Answer
from daytwo_standins.shared.contract import Contract, Exchange, Vendor

SECRET = "the-value-that-nobody-may-read"
OPENAPI: dict[str, Any] = {
    "openapi": "3.0.3",
    "paths": {
        "/things/{thing_id}": {
            "parameters": [{"$ref": "#/components/parameters/page"}],
            "get": {
                "parameters": [
                    {"name": "sure", "in": "query", "required": True, "schema": {"type": "boolean"}},
                    {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "of", "in": "query", "explode": False, "schema": {"$ref": "#/components/schemas/Numbers"}},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "204": {"description": "nothing"},
                },
            },
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                },
                "responses": {"200": {"content": {"text/plain": {}}}},
            },
        }
    },
    "components": {
        "parameters": {"page": {"name": "page", "in": "query", "schema": {"type": "integer"}}},
        "schemas": {
            "Numbers": {"type": "array", "items": {"type": "integer"}},
            "Owner": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
            "Thing": {
                "type": "object",
                "required": ["id", "state"],
                "properties": {
                    "id": {"type": "integer"},
                    "state": {"type": "string", "enum": ["on", "off"], "nullable": True},
                    "at": {"type": "string", "format": "date-time"},
                    "owner": {"nullable": True, "oneOf": [{"$ref": "#/components/schemas/Owner"}]},
                },
            },
        },
    },
}
SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "produces": ["application/json"],
    "paths": {
        "/files/{kind}/{id}/{which}": {
            "get": {
                "parameters": [
                    {"name": "kind", "in": "path", "required": True, "type": "string", "enum": ["a"]},
                    {"name": "fields", "in": "query", "type": "string"},
                ],
                "responses": {"200": {"schema": {"$ref": "#/definitions/Thing"}}, "default": {"schema": {}}},
            }
        }
    },
    "definitions": {
        "Time": {"type": "string", "format": "date-time"},
        "Thing": {"type": "object", "properties": {"at": {"$ref": "#/definitions/Time"}}},
    },
}


def contract(folder: Path, document: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch, **more: Any) -> Contract:
    (folder / "api.json").write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.setenv("DAYTWO_SPECS", str(folder))
    return Contract.of(Vendor(called="Acme", file="api.json", excused={"odd": "left out"}, **more), folder)


@pytest.fixture
def openapi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Contract]:
    one = contract(tmp_path, OPENAPI, monkeypatch)
    yield one
    one.close()


@pytest.fixture
def swagger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Contract]:
    one = contract(tmp_path, SWAGGER, monkeypatch, strict=True, types={"Time": ("string", "null")})
    yield one
    one.close()


def exchange(method: str = "GET", query: str = "sure=true", body: bytes = b"", **answer: Any) -> Exchange:
    pairs = tuple((name, value) for name, _, value in (one.partition("=") for one in query.split("&") if one))
    told = Answer(**answer) if answer else None
    return Exchange(
        operation="get_thing",
        method=method,
        template="/things/{id:path}",
        variables={"id": "7"},
        query=pairs,
        body=body,
        answer=told,
    )


GOOD: list[Exchange] = [
    exchange(data={"id": 1, "state": "on"}),
    exchange(data={"id": 1, "state": None, "owner": None, "at": "2026-01-01T00:00:00Z"}),
    exchange(raw=b'{"id": 1, "state": "off", "owner": {"id": 2}}'),
    exchange(query="sure=false&page=-2&of=1,2", status=204),
    exchange(query="", status=422, data={"message": "whatever"}),
    exchange(query="sure=true", status=404, data={"message": "whatever"}),
    exchange(status=304, raw=b""),
    exchange(status=500, data={}),
    exchange(),
]


@pytest.mark.parametrize("one", GOOD, ids=range(len(GOOD)))
def test_what_is_as_described(openapi: Contract, one: Exchange) -> None:
    assert openapi.check(one) == []
    assert openapi.violations.read() == []


BAD: list[tuple[Exchange, str]] = [
    (exchange(data={"id": SECRET, "state": "on"}), "answer 200 $.id is string and has to be integer"),
    (exchange(data={"id": 1, "state": SECRET}), "$.state is none of 'on', 'off'"),
    (exchange(data={"id": 1}), "answer 200 $ lacks 'state'"),
    (exchange(data={"id": 1, "state": "on", "at": SECRET}), "$.at does not satisfy format"),
    (exchange(data={"id": 1, "state": "on", "owner": {"id": SECRET}}), "$.owner.id is string"),
    (exchange(data=[SECRET]), "answer 200 $ is array and has to be object"),
    (exchange(status=201, data={}), "an answer of status 201 is not described"),
    (exchange(raw=SECRET.encode()), "answer 200 is no JSON"),
    (exchange(raw=b"x", headers={"content-type": "text/html; charset=x"}), "is of the type text/html"),
    (exchange(query="", status=204), "request lacks the parameter 'sure'"),
    (exchange(query="sure=maybe", status=204), "at the parameter 'sure' $ is string and has to be boolean"),
    (exchange(query="sure=true&of=1,x", status=204), "at the parameter 'of' $[1] is string"),
    (exchange(query="sure=true&pages=1", status=204), "a parameter 'pages' that is not described"),
    (exchange(body=b'{"a": 1}', status=204), "has a body, and none is described"),
    (exchange("POST", "", raw=b"", headers={"content-type": "text/plain"}), "request lacks its body"),
    (
        exchange("POST", "", b"{", raw=b"x", headers={"content-type": "text/plain"}),
        "a body that is neither JSON nor a form",
    ),
    (exchange("POST", "", b'{"id": 1, "state": 3}'), "the request $.state is integer and has to be string"),
    (exchange(query="", status=404, data={}), "request lacks the parameter 'sure'"),
    (replace(exchange(), variables={"id": SECRET}), "at 'thing_id' of the path $ is string and has to be integer"),
    (exchange("DELETE"), "there is no such operation"),
]


@pytest.mark.parametrize(("one", "told"), BAD, ids=[told for _, told in BAD])
def test_what_is_not_as_described_is_told_with_its_place_and_without_its_value(
    openapi: Contract, one: Exchange, told: str
) -> None:
    for _ in range(2):  # only what was good is not looked at again
        assert told in " ".join(openapi.check(one))
    (first, second) = openapi.violations.read()
    assert first == second
    assert first["operation"] == "get_thing"
    assert SECRET not in json.dumps(first)
    openapi.violations.forget()
    assert openapi.violations.read() == []


def test_a_stand_in_that_fails_is_found_out_whatever_is_excused_or_not_at_hand(
    openapi: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAYTWO_SPECS", "")
    (tmp_path / "none").mkdir()
    without = Contract.of(GITHUB, tmp_path / "none")
    crash = exchange(status=500, data={"message": SECRET}, crashed=True)
    for contract in (openapi, without):
        for one in (crash, replace(crash, operation="odd")):
            [told] = contract.check(one)
            assert told == "GET /things/{id:path}: the stand-in itself has failed; its log says of what"
        assert len(contract.violations.read()) == 2
    without.close()


def test_what_is_excused_is_not_looked_at(openapi: Contract) -> None:
    odd = Exchange(operation="odd", method="GET", template="/odd", query=(), body=b"{", answer=Answer(data=1))
    assert openapi.check(odd) == []


def test_an_older_description_is_read_as_well_and_strictly(swagger: Contract) -> None:
    def answered(data: object, query: tuple[tuple[str, str], ...] = ()) -> list[str]:
        told = Answer(data=data)
        return swagger.check(
            Exchange(operation="file", method="GET", template="/files/a/{id}/{b}", query=query, body=b"", answer=told)
        )

    assert answered({"at": None}) == []
    assert answered({"at": "2026-01-01T00:00:00Z"}, (("fields", "at"),)) == []
    other = Exchange(operation="file", method="GET", template="/files/b/{id}/{c}", query=(), body=b"", answer=None)
    assert "at 'kind' of the path $ is none of 'a'" in swagger.check(other)[0], "what the stand-in's own path says"
    assert "$ has 'more', not described" in answered({"more": SECRET})[0]
    assert "$.at is integer" in answered({"at": 1})[0]
    swagger.check_part("file", "GET", "/files/a/{id}/{b}", {"at": 3})
    assert "an object of the stream $.at is integer" in swagger.violations.read()[-1]["violations"][0]


def test_without_a_description_nothing_is_held_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAYTWO_SPECS", raising=False)
    monkeypatch.setattr(contract_module, "BESIDE", tmp_path / "none")
    without = Contract.of(GITHUB, tmp_path)
    assert (without.held, without.check(exchange(data=1))) == (False, [])
    assert without.said.endswith("are not held against GitHub's description of its API: DAYTWO_SPECS names no folder.")
    without.close()
    monkeypatch.setenv("DAYTWO_SPECS", str(tmp_path))
    without = Contract.of(GITHUB, tmp_path)
    assert "DAYTWO_SPECS has no github/openapi.2022-11-28.json" in without.said
    without.close()
    (tmp_path / "github").mkdir()
    (tmp_path / "github" / "openapi.2022-11-28.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ValueError, match=r"openapi.2022-11-28.json cannot be read"):
        Contract.of(GITHUB, tmp_path)


def test_the_folder_beside_the_repository_is_taken_unless_somebody_has_set_another_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Path(__file__).resolve().parents[3] / "shared" / "specs" == contract_module.BESIDE
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "api.json").write_text(json.dumps(OPENAPI), encoding="utf-8")
    monkeypatch.setattr(contract_module, "BESIDE", tmp_path / "specs")
    vendor = Vendor(called="Acme", file="api.json", excused={})
    held = []
    for named in (None, str(tmp_path), ""):
        monkeypatch.delenv("DAYTWO_SPECS", raising=False)
        if named is not None:
            monkeypatch.setenv("DAYTWO_SPECS", named)
        one = Contract.of(vendor, tmp_path)
        held.append((one.held, one.said.partition(": ")[2]))
        one.close()
    assert held == [(True, ""), (False, "DAYTWO_SPECS has no api.json."), (False, "DAYTWO_SPECS names no folder.")]


@needs_specs
@pytest.mark.parametrize(
    ("vendor", "operations"),
    [(GITHUB, GITHUB_OPERATIONS), (GITLAB, GITLAB_OPERATIONS), (ARGO, ARGO_OPERATIONS)],
    ids=["github", "gitlab", "argo"],
)
def test_every_operation_is_described_or_excused_and_not_both(
    vendor: Vendor, operations: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAYTWO_SPECS", str(FOLDER))
    whole = Contract.of(Vendor(called="", file=vendor.file, excused={}), tmp_path)
    found = {one.name for one in operations if whole.described(one.method, one.path) is None}
    left_out = {name for name, why in vendor.excused.items() if why == "left out of the description"}
    assert found == left_out
    whole.close()


@needs_specs
def test_a_test_fails_at_its_end_by_what_was_not_as_described(tmp_path: Path) -> None:
    document = json.loads((FOLDER / GITHUB.file).read_text(encoding="utf-8"))
    document["components"]["schemas"]["minimal-repository"]["properties"]["id"] = {"type": "string"}
    document["components"]["schemas"]["full-repository"]["properties"]["id"] = {"type": "string"}
    specs = tmp_path / "specs"
    (specs / "github").mkdir(parents=True)
    (specs / GITHUB.file).write_text(json.dumps(document), encoding="utf-8")
    make_repository(tmp_path / "shop", [({"VERSION": "1"}, None)])
    repositories = [{"full_name": "acme/shop", "path": tmp_path / "shop"}]
    tokens = [{"login": "bot", "token": "t"}]
    wrong = r"get_repository: GET /repos/\{owner\}/\{repo\}: the answer 200 \$.id is integer and has to be string"
    with pytest.raises(AssertionError, match=wrong):
        _ask_for_the_repository(tmp_path, repositories, tokens, specs)


def _ask_for_the_repository(
    folder: Path, repositories: list[dict[str, Any]], tokens: list[dict[str, Any]], specs: Path
) -> None:
    with start_standin(folder, repositories, tokens=tokens, environment={"DAYTWO_SPECS": str(specs)}) as standin:
        headers = {"authorization": "Bearer t"}
        assert httpx.get(f"{standin.url}/repos/acme/shop", headers=headers, trust_env=False).status_code == 200
        state = standin.control.state()
        assert (state["checked"], state["violations"]) == (True, 1)
        assert state["contract"].startswith("Every request and every answer is held against GitHub's description")
        assert standin.control.violations()[0]["operation"] == "get_repository"
        assert "$.id is integer" in standin.control.requests()[0]["violations"][0]
