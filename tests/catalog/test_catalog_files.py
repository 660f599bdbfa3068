"""Catalog files: what is read, and every mistake with its place."""

import builtins
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from daytwo_catalog.documents import document_schema
from daytwo_catalog.errors import CatalogRejected
from daytwo_catalog.load import read_company
from daytwo_catalog.model import Relation, record

EXAMPLES = Path(__file__).parents[2] / "examples"

KINDS = """\
apiVersion: daytwo/v1
kind: Kind
metadata: { name: group }
spec: { schema: { type: object } }
---
apiVersion: daytwo/v1
kind: Kind
metadata: { name: service, title: Service }
spec:
  schema:
    type: object
    additionalProperties: false
    properties:
      repository: { type: string, pattern: "^[a-z]+/[a-z]+$" }
      url: { type: string, format: uri }
      since: { type: string, format: date }
  relations:
    dependsOn: { kind: service, many: true }
    ownedBy: { kind: group }
"""


def entity(metadata: str = "kind: service, name: shop", spec: str = "{}") -> str:
    return f"apiVersion: daytwo/v1\nkind: Entity\nmetadata: {{ {metadata} }}\nspec: {spec}\n"


def problems(folder: Path, text: str, kinds: str = KINDS) -> list[str]:
    (folder / "kinds.yaml").write_text(kinds)
    (folder / "a.yaml").write_text(text)
    with pytest.raises(CatalogRejected) as caught:
        read_company([folder])
    assert all(problem.file.startswith(str(folder)) for problem in caught.value.problems)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_the_example_company_is_read() -> None:
    company = read_company([EXAMPLES / "catalog", EXAMPLES / "actions"])
    assert {"service", "environment", "deployment", "group", "person"} == company.kinds.keys()
    shop = company.drafts["service:shop"]  # type: ignore[index]  # a literal ref
    assert record(shop) == {
        "ref": "service:shop",
        "name": "shop",
        "kind": "service",
        "owner": "group:storefront",
        "properties": dict(shop.properties),
        "relations": {"dependsOn": ["service:billing"]},
    }
    assert company.drafts["service:payroll"].visible_to == ("group:finance",)  # type: ignore[index]  # a literal ref


def test_what_is_left_out_has_a_meaning(tmp_path: Path) -> None:
    (tmp_path / "kinds.yaml").write_text(KINDS)
    text = entity(spec="{ relations: { ownedBy: 'group:sre' } }") + "---\n" + entity("kind: group, name: sre")
    (tmp_path / "nested").mkdir()
    (tmp_path / "nested" / "a.yml").write_text(text)
    (tmp_path / ".hidden.yaml").write_text("not: ours")
    company = read_company([tmp_path])
    shop = company.drafts["service:shop"]  # type: ignore[index]  # a literal ref
    assert (shop.title, shop.owner, shop.visible_to) == ("shop", None, ())
    assert shop.relations == {"ownedBy": ["group:sre"]}
    assert company.source(shop.ref) == "file:nested/a.yml"
    assert company.kinds["service"].relations["ownedBy"] == Relation("group", many=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("just text", "a.yaml:1:1: a document begins with `apiVersion: daytwo/v1`"),
        (
            "apiVersion: daytwo/v1\nkind: Thing",
            "a.yaml:2:7: a document here is of kind Kind, Entity, Action, Freeze, Schedule, Trigger or Policy",
        ),
        (entity().replace("daytwo/v1", "daytwo/v2"), "a.yaml:1:13: apiVersion: input should be 'daytwo/v1'"),
        (entity("kind: service"), "a.yaml:3:11: metadata.name is missing"),
        (entity("kind: service, name: shop, visible_to: []"), "did you mean visibleTo?"),
        (entity("kind: service, name: 7"), "a.yaml:3:34: metadata.name: input should be a valid string"),
        (entity("kind: service, name: Shop"), "a.yaml:3:34: metadata.name: string should match pattern"),
        (entity("kind: service, name: shop, owner: sre"), "a.yaml:3:47: metadata.owner: string should match"),
        (entity("kind: service, name: shop, owner: 'person:ana'"), "a.yaml:3:47: the owner is a group"),
        (entity("kind: service, name: s, visibleTo: ['person:a']"), "a.yaml:3:49: this is a list of groups"),
        (entity("kind: server, name: shop"), "a.yaml:3:19: there is no kind server; there are group, service"),
        (entity(spec="{ properties: { repository: 1 } }"), "a.yaml:4:35: 1 is not of type 'string'"),
        (entity(spec="{ properties: { repository: X } }"), "a.yaml:4:35: 'X' does not match '^[a-z]+/[a-z]+$'"),
        (entity(spec="{ properties: { url: 'no address' } }"), "a.yaml:4:28: 'no address' is not a 'uri'"),
        (entity(spec="{ properties: { since: 2024-02-30 } }"), "a.yaml:4:30: '2024-02-30' is not a 'date'"),
        (entity(spec="{ properties: { port: 1 } }"), "a.yaml:4:21: Additional properties are not allowed ('port'"),
        (entity(spec="{ relations: { uses: [] } }"), "a.yaml:4:28: a service has no relation uses; it has dependsOn"),
        (entity(spec="{ relations: { ownedBy: ['group:a', 'group:b'] } }"), "a.yaml:4:31: ownedBy points at one group"),
        (entity(spec="{ relations: { dependsOn: ['group:a'] } }"), "a.yaml:4:34: dependsOn points at a service"),
        (entity() + "---\n" + entity(), "a.yaml:8:34: service:shop stands already in"),
        ("a: &b 1", "a.yaml:1:4: anchors"),
        (entity(spec="{ properties: { x: [ }"), "this is not YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = problems(tmp_path, text)
    assert expected in found


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("{ type: object, properties: { a: { type: strin } } }", "a.yaml:4:58"),
        ("{ properties: {} }", "the properties of an entity are an object"),
        ("{ type: object, properties: { a: { $ref: 'https://example.com/s.json' } } }", "nothing is fetched"),
        ("{ type: object, properties: { a: { $ref: 'other.json' } } }", "nothing is fetched"),
        ("{ type: object, properties: { a: { $ref: '#/$defs/b' } } }", "there is no #/$defs/b in this schema"),
        ("{ type: object, properties: { a: { format: hostname } } }", "the format hostname is not checked here"),
        ("{ type: object, patternProperties: { a: {} } }", "patternProperties is not supported"),
        ("{ type: object, properties: { a: { pattern: '(?=x)' } } }", "cannot be used (RE2 syntax)"),
        ("{ $schema: 'http://json-schema.org/draft-07/schema#', type: object }", "are JSON Schema 2020-12 throughout"),
        ("{ $schema: 'https://example.com/mine', type: object }", "are JSON Schema 2020-12 throughout"),
        (
            "{ type: object, $defs: { b: { $schema: 'https://json-schema.org/draft/2020-12/schema' } } }",
            "Leave $schema out",
        ),
        ("{ type: object, properties: { a: { $id: 'https://example.com/a', type: string } } }", "Leave $id out"),
        ("{ type: object, properties: { a: { default: {}, $ref: '#/properties/a/default' } } }", "there is no #/prop"),
        ("{ type: object, required: [a], properties: { a: { $ref: '#/required' } } }", "there is no #/required"),
        ("{ type: object, properties: { pattern: { allOf: [{ pattern: '(' }] } } }", "a.yaml:4:77"),
    ],
)
def test_a_kind_that_could_not_be_checked_is_refused(tmp_path: Path, schema: str, expected: str) -> None:
    text = f"apiVersion: daytwo/v1\nkind: Kind\nmetadata: {{ name: server }}\nspec: {{ schema: {schema} }}\n"
    (found,) = problems(tmp_path, text + "---\n" + entity("kind: server, name: a"))
    assert expected in found


def test_properties_may_be_called_like_keywords(tmp_path: Path) -> None:
    schema = "{ type: object, properties: { format: { type: string }, $ref: {}, default: { const: { format: x } } } }"
    (tmp_path / "a.yaml").write_text(
        f"apiVersion: daytwo/v1\nkind: Kind\nmetadata: {{ name: server }}\nspec: {{ schema: {schema} }}\n"
    )
    assert "server" in read_company([tmp_path]).kinds


def test_a_relation_to_an_unknown_kind_and_a_kind_declared_twice(tmp_path: Path) -> None:
    kind = "apiVersion: daytwo/v1\nkind: Kind\nmetadata: { name: %s }\nspec: { schema: { type: object }%s }\n"
    found = problems(tmp_path, kind % ("a", ", relations: { b: { kind: none } }") + "---\n" + kind % ("service", ""))
    assert found == [
        "a.yaml:4:59: there is no kind none",
        f"kinds.yaml:8:19: the kind service stands already in {tmp_path}/a.yaml:6",
    ]


def test_all_problems_of_all_files_at_once_and_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_bytes(b"a: \xff")
    (tmp_path / "a.yaml").write_text("1")
    with pytest.raises(CatalogRejected, match="3 problems") as caught:
        read_company([tmp_path, tmp_path / "gone"])
    assert [problem.detail[:20] for problem in caught.value.problems] == [
        "a document begins wi",
        "the file cannot be r",
        "there is no such fol",
    ]


def test_patterns_cannot_hang_the_server(tmp_path: Path) -> None:
    """`(a+)+$` takes a backtracking matcher longer than the age of the universe on this."""
    kinds = KINDS.replace("^[a-z]+/[a-z]+$", "^(a+)+$")
    (found,) = problems(tmp_path, entity(spec=f"{{ properties: {{ repository: {'a' * 5000}b }} }}"), kinds)
    assert len(found) < 400


EVIL = "{ type: string, pattern: '^(a+)+$' }"


@pytest.mark.parametrize(
    "schema",
    [
        f"{{ $schema: '%s', type: object, properties: {{ a: {EVIL} }} }}",
        f"{{ $schema: '%s', type: object, properties: {{ a: {EVIL}, b: {{ $ref: '#' }} }} }}",
    ],
    ids=["on top", "by reference"],
)
def test_no_dialect_takes_a_pattern_to_another_matcher(tmp_path: Path, schema: str) -> None:
    """A validator that meets `$schema` hands over to that dialect's own, which matches by backtracking."""
    value = "a" * 5000 + "b"
    text = f"apiVersion: daytwo/v1\nkind: Kind\nmetadata: {{ name: server }}\nspec: {{ schema: {schema} }}\n"
    text %= "https://json-schema.org/draft/2020-12/schema"
    spec = f"{{ properties: {{ a: {value}, b: {{ a: {value} }} }} }}"
    found = problems(tmp_path, text + "---\n" + entity("kind: server, name: a", spec))
    assert found
    assert all("'aaaa" in one for one in found)


def test_the_published_schemas_describe_the_documents() -> None:
    assert document_schema("entity")["properties"]["metadata"]
    assert "schema" in document_schema("kind")["$defs"]["KindSpec"]["properties"]


def chain(length: int) -> str:
    definitions = ", ".join(f"d{n}: {{ $ref: '#/$defs/d{n + 1}' }}" for n in range(length))
    return f"{{ type: object, $ref: '#/$defs/d0', $defs: {{ {definitions}, d{length}: {{}} }} }}"


def doubled(depth: int) -> str:
    inner = "{}"
    for _ in range(depth):
        inner = f"{{ anyOf: [{inner}, {inner}] }}"
    return f"{{ type: object, properties: {{ a: {inner} }} }}"


def million() -> str:
    """2^20 ways through twenty references."""
    pairs = [f"d{n}: {{ anyOf: [{{ $ref: '#/$defs/d{n + 1}' }}, {{ $ref: '#/$defs/d{n + 1}' }}] }}" for n in range(20)]
    return f"{{ type: object, $ref: '#/$defs/d0', $defs: {{ {', '.join(pairs)}, d20: {{ required: [never] }} }} }}"


@pytest.fixture
def reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address and every file of others that something here tries to reach."""
    found: list[str] = []
    real = builtins.open

    def connect(_: socket.socket, address: object) -> None:
        found.append(str(address))
        raise OSError

    def opened(name: Any, *given: Any, **named: Any) -> Any:
        ours = (str(tmp_path), sys.prefix, sys.base_prefix, str(EXAMPLES.parent))
        if not isinstance(name, int) and not str(name).startswith(ours):
            found.append(str(name))
        return real(name, *given, **named)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(builtins, "open", opened)
    return found


@pytest.mark.parametrize(
    "schema",
    [
        chain(10_000),
        "{ type: object, $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }",
        "{ type: object, $ref: '#' }",
        "{ type: object, properties: { a: { $ref: 'file:///etc/passwd' } } }",
        "{ type: object, properties: { a: { $dynamicRef: 'https://example.com/x#a' } } }",
        doubled(14),
        million(),
        f"{{ type: object, properties: {{ a: {{ anyOf: [{', '.join(['{}'] * 2**14)}] }} }} }}",
        f"{{ type: object, properties: {{ a: {{ anyOf: [{', '.join(['{}'] * 2**20)}] }} }} }}",
        "{ type: object, properties: { a: { $ref: 'http://127.0.0.1:9/schema.json' } } }",
        "{ type: object, $dynamicRef: '#a', $dynamicAnchor: a }",
        f"{{ type: object, properties: {{ a: {{ enum: [{', '.join(map(str, range(60_000)))}] }} }} }}",
    ],
    ids=[
        "a long chain", "a circle", "itself", "a file", "dynamic", "doubled", "a million", "2^14 ways", "2^20 ways",
        "an address", "dynamic, itself", "a huge enum",
    ],
)  # fmt: skip
def test_schemas_that_are_made_to_hurt_are_refused(tmp_path: Path, schema: str, reached: list[str]) -> None:
    text = f"apiVersion: daytwo/v1\nkind: Kind\nmetadata: {{ name: server }}\nspec: {{ schema: {schema} }}\n"
    started = time.thread_time()
    assert problems(tmp_path, text + "---\n" + entity("kind: server, name: a", "{ properties: { a: 1 } }"))
    assert time.thread_time() - started < 5, "refused in a time that only what grows out of hand can take"
    assert reached == []
