"""The design's example, the kinds that it names, and doubles of where a form's choices come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from daytwo_actions.definitions import DefinitionRejected, KindShape, RelationShape, Surroundings, load_action
from daytwo_forms import Option, OptionPage, OptionQuery, Sources

HERE = Path(__file__).parent


def record(kind: str, name: str, owner: str | None = None, **properties: object) -> dict[str, object]:
    return {
        "ref": f"{kind}:{name}",
        "name": name,
        "kind": kind,
        "properties": properties,
        "relations": {},
        "owner": owner,
    }


@dataclass
class Company:
    """Entities, and the tags of one repository."""

    entities: dict[str, dict[str, object]] = field(default_factory=dict)
    tags: list[str] = field(default_factory=lambda: ["1.0.0", "1.1.0", "1.10"])
    asked: list[OptionQuery] = field(default_factory=list)

    async def get(self, kind: str, name: str) -> Mapping[str, object] | None:
        return self.entities.get(f"{kind}:{name}")

    async def search(self, kind: str, q: str, cursor: str | None) -> OptionPage:
        found = [one for one in self.entities.values() if one["kind"] == kind and q in str(one["name"])]
        return OptionPage(options=[Option(value=str(one["ref"]), title=str(one["name"])) for one in found])

    async def options(self, query: OptionQuery) -> OptionPage:
        self.asked.append(query)
        found = [tag for tag in self.tags if query.exact in (None, tag) and query.search in tag]
        return OptionPage(options=[Option(value=tag, title=tag) for tag in found])

    @property
    def sources(self) -> Sources:
        return Sources(options=self, entities=self)


@pytest.fixture
def company() -> Company:
    entities = [
        record("environment", "staging", tier="test"),
        record("environment", "production", tier="live"),
        record("service", "shop", "group:storefront", repository="acme/shop"),
    ]
    return Company({str(one["ref"]): one for one in entities})


@pytest.fixture(scope="session")
def deploy_text() -> str:
    return (HERE / "deploy.yaml").read_text()


def kind(relations: Mapping[str, RelationShape] | None = None, **properties: object) -> KindShape:
    shapes = {name: {"type": what} for name, what in properties.items()}
    return KindShape(
        schema={"type": "object", "additionalProperties": False, "properties": shapes}, relations=relations or {}
    )


@pytest.fixture(scope="session")
def surroundings() -> Surroundings:
    one = lambda name: RelationShape(kind=name, many=False)  # noqa: E731  # reads better in the table below
    return Surroundings(
        kinds={
            "service": kind({"dependsOn": RelationShape(kind="service", many=True)}, repository="string"),
            "environment": kind(tier="string", tags="array"),
            "deployment": kind(
                {"service": one("service"), "environment": one("environment")}, version="string", run="string"
            ),
        },
        connections={"github": "github", "gitlab": "gitlab", "argo": "argo"},
    )


@pytest.fixture
def problems(surroundings: Surroundings) -> Callable[[str], list[str]]:
    """Every problem of a text, as people see it."""

    def found(text: str) -> list[str]:
        with pytest.raises(DefinitionRejected) as caught:
            load_action(text, "a.yaml", surroundings=surroundings)
        return [str(problem) for problem in caught.value.problems]

    return found
