"""A tree of files."""

from pathlib import Path

import pytest

from daytwo_actions.definitions import DefinitionRejected, Surroundings
from daytwo_actions.registry import load_registry

KIND = "apiVersion: daytwo/v1\nkind: Kind\nmetadata: {{ name: {name} }}\nspec: {{ schema: {schema} }}\n"
SERVICE = "{ type: object, additionalProperties: false, properties: { repository: { type: string } } }"
ENVIRONMENT = "{ type: object, additionalProperties: false, properties: { tier: { type: string } } }"


@pytest.fixture
def tree(tmp_path: Path, deploy_text: str) -> Path:
    """Actions and kinds in folders, as a company keeps them."""
    actions, catalog = tmp_path / "actions", tmp_path / "catalog" / "kinds"
    actions.mkdir()
    catalog.mkdir(parents=True)
    (actions / "deploy.yaml").write_text(deploy_text)
    (actions / "README.md").write_text("not read: {{{")
    kinds = [
        KIND.format(name="service", schema=SERVICE),
        KIND.format(name="environment", schema=ENVIRONMENT),
        KIND.format(
            name="deployment", schema="{ type: object, properties: { version: {type: string}, run: {type: string} } }"
        ).replace("spec: {", "spec: { relations: { service: {kind: service}, environment: {kind: environment} },"),
    ]
    (catalog / "kinds.yml").write_text("---\n".join(kinds))
    (catalog / "shop.yaml").write_text("apiVersion: daytwo/v1\nkind: Entity\nmetadata: { kind: service, name: shop }\n")
    return tmp_path


def problems(*paths: Path, surroundings: Surroundings | None = None) -> list[str]:
    with pytest.raises(DefinitionRejected) as caught:
        load_registry(paths, surroundings=surroundings)
    return [str(problem) for problem in caught.value.problems]


def test_a_tree_is_read_with_its_kinds(tree: Path) -> None:
    registry = load_registry([tree])
    assert list(registry.actions) == ["deploy"]
    assert set(registry.kinds) == {"service", "environment", "deployment"}
    assert [document.file for document in registry.others] == [str(tree / "catalog" / "kinds" / "shop.yaml")]


def test_single_files_are_read_too(tree: Path) -> None:
    registry = load_registry([tree / "actions" / "deploy.yaml"])
    assert list(registry.actions) == ["deploy"]
    assert registry.kinds == {}


def test_two_files_with_one_action_are_both_named(tree: Path, deploy_text: str) -> None:
    (tree / "actions" / "again.yaml").write_text(deploy_text)
    (found,) = problems(tree)
    assert "`deploy` is declared twice" in found
    assert "again.yaml" in found
    assert "actions/deploy.yaml" in found
    assert ":4:9: " in found


def test_two_files_with_one_kind_are_both_named(tree: Path) -> None:
    (tree / "catalog" / "more.yaml").write_text(KIND.format(name="service", schema="{}"))
    (found,) = problems(tree)
    assert "`service` is declared twice" in found
    assert "kinds.yml" in found
    assert "more.yaml" in found


def test_actions_are_checked_against_the_kinds_of_the_tree(tree: Path, deploy_text: str) -> None:
    text = deploy_text.replace("entity.properties.repository", "entity.properties.repositry")
    (tree / "actions" / "deploy.yaml").write_text(text)
    found = problems(tree)
    assert len(found) == 2
    assert all("`entity.properties` has no `repositry`. Did you mean `repository`?" in one for one in found)


def test_kinds_that_are_known_already_count(tree: Path, surroundings: Surroundings) -> None:
    assert load_registry([tree / "actions"], surroundings=surroundings).actions
    none = Surroundings(kinds={}, connections=None)
    assert any("There is no kind `service`" in one for one in problems(tree / "actions", surroundings=none))


def test_the_problems_of_all_files_are_told_at_once(tree: Path) -> None:
    (tree / "a.yaml").write_text("a: [")
    (tree / "b.yaml").write_text("kind: Kind\nmetadata: { name: Bad Name }\nspec: {}\n")
    (tree / "c.yaml").write_text("kind: Acton\n")
    (tree / "d.yaml").write_bytes(b"a: \xff\xfe")
    (tree / "e.yaml").write_text("apiVersion: daytwo/v1\nkind: Action\n")
    (tree / "f.yaml").write_text("x: " + "y" * 300_000)
    found = problems(tree, tree / "missing")
    files = {one.split(":")[0].rpartition("/")[2].removesuffix(".yaml") for one in found}
    assert files == {*"abcdef", "missing"}


def test_an_unreadable_file_is_told(tree: Path) -> None:
    (tree / "actions" / "gone.yaml").symlink_to(tree / "nowhere")
    assert load_registry([tree]).actions  # a link to nothing is no file
    assert "There is no such file" in problems(tree / "actions" / "gone.yaml")[0]


def test_the_example_company_loads() -> None:
    examples = Path(__file__).parents[3] / "examples"
    registry = load_registry([examples / "actions", examples / "catalog"])
    assert {"deploy", "rollback", "restart"} <= set(registry.actions)
    assert {"service", "environment", "deployment"} <= set(registry.kinds)
