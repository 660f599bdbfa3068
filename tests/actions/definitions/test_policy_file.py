"""The policy of a company: what is wrong with it is told at its place, and nothing else is taken for it."""

from pathlib import Path

import pytest

from daytwo_actions.definitions import DefinitionRejected
from daytwo_actions.registry import load_registry
from daytwo_actions.roles import PERMISSIONS, Permission, Role, granted, roles_in, scope_of

POLICY = """\
apiVersion: daytwo/v1
kind: Policy
metadata: { name: acme }
spec:
  roles:
    viewer: [everyone]
    operator: ["group:sre", "person:ana"]
    admin: ["group:platform"]
"""


def problems(folder: Path, text: str, name: str = "roles.yaml") -> list[str]:
    (folder / name).write_text(text)
    with pytest.raises(DefinitionRejected) as caught:
        load_registry([folder])
    return [str(problem).replace(str(folder), ".") for problem in caught.value.problems]


def test_it_gives_roles_to_groups_and_people(tmp_path: Path) -> None:
    (tmp_path / "anything.yaml").write_text(POLICY)
    policy = load_registry([tmp_path]).policy
    assert policy is not None
    assert policy.grants[Role.OPERATOR] == ("group:sre", "person:ana")
    assert policy.grants[Role.REQUESTER] == ()


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ("operator", "operater", "./roles.yaml:7:5: `operater` is not a known key here. Did you mean `operator`?"),
        ("group:sre", "sre", "./roles.yaml:7:16: `sre` does not look like"),
        ("[everyone]", "everyone", "./roles.yaml:6:13: A list is needed here"),
        ('    admin: ["group:platform"]\n', "", "./roles.yaml:6:5: `admin` is missing here"),
        ('["group:platform"]', "[]", "./roles.yaml:8:12: This must not be empty"),
        ('["group:platform"]', "[everyone]", "./roles.yaml:8:13: The role admin cannot go to everyone"),
        ("  roles:", "  rules:", "./roles.yaml:5:3: `rules` is not a known key here"),
        ("kind: Policy", "kind: Polcy", "./roles.yaml:2:7: `kind` says what the document is"),
    ],
)
def test_a_mistake_is_told_with_line_and_column(tmp_path: Path, wrong: str, right: str, told: str) -> None:
    found = problems(tmp_path, POLICY.replace(wrong, right))
    assert any(one.startswith(told) for one in found), found


@pytest.mark.parametrize("text", ["", "# nothing\n", "--- {}\n", "apiVersion: daytwo/v1\nkind: Entity\n"])
def test_a_policy_file_that_holds_none_is_broken(tmp_path: Path, text: str) -> None:
    assert any("This file holds no policy" in one for one in problems(tmp_path, text, "policy.yaml"))


def test_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POLICY)
    (found,) = problems(tmp_path, POLICY, "b.yaml")
    assert found.startswith("./b.yaml:2:7: A company has one policy, and there is one in")


def test_every_permission_is_somebodys_and_an_admin_has_them_all() -> None:
    assert PERMISSIONS[Role.ADMIN] == set(Permission)
    for role, permissions in PERMISSIONS.items():
        assert Permission.READ in permissions
        if role not in (Role.ADMIN, Role.OPERATOR, Role.AUTHOR, Role.CATALOG_ADMIN, Role.REQUESTER):
            assert Permission.RUN not in permissions
    assert granted({"group:admin", "person:admin", "admin"}) == set()
    assert roles_in({"role:operator", "role:nothing"}) == {Role.OPERATOR}


def test_what_is_not_reading_running_or_deciding_takes_a_token_that_administers() -> None:
    assert {str(one) for one in Permission if scope_of(one) != "admin"} == {
        "self",
        "read",
        "run",
        "runs.control",
        "decide",
    }
