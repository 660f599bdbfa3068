"""The policy is read again while the API serves: whole or not at all, and never while it is being written."""

from collections.abc import Collection
from pathlib import Path

import anyio
import pytest
import yaml
from api_house import House, problem
from company import EXAMPLES
from sqlalchemy import select

from daytwo_api.services.policy_watch import PolicyWatch
from daytwo_store.definitions import editor_of, must_be_offered
from daytwo_store.errors import Forbidden
from daytwo_store.ids import ActionName, Digest
from daytwo_store.tables import AuditRow
from daytwo_workflows.company import load_company
from daytwo_workflows.editors import Edit

pytestmark = pytest.mark.anyio
POLICY = (EXAMPLES / "catalog" / "policy.yaml").read_text()
FREEZE = {"title": "x", "owner": "group:sre", "spec": {"reason": "x", "until": "2099-01-01T00:00Z"}}


class Files:
    """A folder with the policy, and who looks at it."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.file = folder / "policy.yaml"
        self.file.write_text(POLICY)
        self.watch = house.services.policy
        self.watch.folders = [folder]

    def give(self, **roles: list[str]) -> str:
        """The example's policy with some roles of these members."""
        document = yaml.safe_load(POLICY)
        document["spec"]["roles"] |= roles
        text: str = yaml.safe_dump(document)
        self.file.write_text(text)
        return text

    async def settle(self) -> None:
        for _ in range(2):
            await self.watch.look()

    async def may_freeze(self, name: str) -> bool:
        answer = await (await self.house.signed_in(name)).post("/api/v1/freezes", json=FREEZE)
        if answer.status_code == 201:
            return True
        problem(answer, 403, "forbidden")
        return False

    async def told(self, *actions: str) -> list[tuple[str, str]]:
        async with self.house.store.read() as session:
            rows = await session.scalars(select(AuditRow).where(AuditRow.action.in_(actions)).order_by(AuditRow.n))
            return [
                (row.action, str(row.facts.get("why", row.facts.get("to", row.facts.get("from", ""))))) for row in rows
            ]

    async def ready(self) -> tuple[int, str]:
        answer = await self.house.anonymous().get("/readyz")
        (part,) = [one for one in answer.json()["parts"] if one["name"] == "policy"]
        assert part["ok"]
        return answer.status_code, part["detail"]

    async def refused(self) -> float:
        lines = (await self.house.anonymous().get("/metrics")).text.splitlines()
        (line,) = [one for one in lines if one.startswith("daytwo_policy_refused ")]
        return float(line.split()[1])


@pytest.fixture
async def files(house: House, tmp_path: Path) -> Files:
    folder = tmp_path / "company"
    folder.mkdir()
    found = Files(house, folder)
    await found.settle()
    assert await found.told("policy.refused") == []
    return found


async def test_a_role_that_is_taken_away_is_gone_without_a_restart_and_one_that_is_given_there(files: Files) -> None:
    assert [await files.may_freeze(name) for name in ("sam", "fay")] == [True, False]
    files.give(operator=["person:fay"])
    await files.watch.look()
    assert await files.may_freeze("sam"), "it may still be being written"
    await files.watch.look()
    assert [await files.may_freeze(name) for name in ("sam", "fay")] == [False, True]
    assert (await files.told("role.given", "role.taken"))[-2:] == [
        ("role.given", "person:fay"),
        ("role.taken", "group:sre"),
    ]


async def test_a_file_that_is_still_being_written_gives_nobody_anything(files: Files) -> None:
    """Cut off in the middle of a name, it is a policy for a larger group."""
    text = files.give(operator=["group:storefront-on-call"])
    cut = text[: text.index("storefront-on-call") + len("storefront")]
    whole = yaml.safe_load(cut + "\n")
    whole["spec"]["roles"]["admin"] = ["group:platform"]
    for state in (yaml.safe_dump(whole), text):
        files.file.write_text(state)
        await files.watch.look()
    await files.watch.look()
    assert not await files.may_freeze("ben"), "ben is one of storefront"


BROKEN = {
    "no yaml": "kind: Policy\n  roles: [",
    "no member": POLICY.replace("everyone", "everybody"),
    "no role": POLICY.replace("operator:", "operators:"),
    "everyone operates": POLICY.replace('operator: ["group:sre"]', "operator: [everyone]"),
    "two": POLICY + "\n---\n" + POLICY,
    "empty": "",
    "another kind": "kind: Entity\n",
}


async def test_a_policy_that_cannot_be_used_leaves_the_roles_and_says_so(files: Files) -> None:
    for count, (name, text) in enumerate([*BROKEN.items(), ("gone", None)], 1):
        assert text != POLICY
        if text is None:
            files.file.unlink()
        else:
            files.file.write_text(text)
        for _ in range(3):
            await files.watch.look()
        assert await files.told("policy.refused") == [
            *[("policy.refused", "broken")] * min(count, len(BROKEN)),
            *[("policy.refused", "missing")] * (text is None),
        ], name
        assert files.watch.refused is not None
    assert [await files.may_freeze(name) for name in ("sam", "fay")] == [True, False]
    assert await files.refused() == 1
    status, detail = await files.ready()
    assert (status, detail.partition(":")[0]) == (200, "the policy in the company's files is missing")
    files.file.write_text(POLICY)
    await files.settle()
    assert await files.told("policy.mended") == [("policy.mended", "")]
    assert await files.refused() == 0
    assert await files.ready() == (200, "the policy in the company's files is the one that holds")


async def test_a_policy_without_an_administrator_is_none(files: Files) -> None:
    files.watch.admins = None
    files.give(admin=["group:nobody"])
    await files.settle()
    assert await files.told("policy.refused") == [("policy.refused", "broken")]
    files.give(admin=["group:nobody", "group:platform"])
    await files.settle()
    assert files.watch.refused is None


async def test_files_that_are_no_policy_may_be_broken_meanwhile(files: Files) -> None:
    (files.file.parent / "deploy.yaml").write_text("kind: Action\n  half: [")
    (files.file.parent / "latin.yaml").write_bytes(b"a: \xff")
    files.give(operator=["person:fay"])
    await files.settle()
    assert await files.may_freeze("fay")


async def test_a_folder_that_is_away_changes_nothing(files: Files) -> None:
    files.watch.folders = [files.file.parent / "gone"]
    await files.settle()
    assert await files.told("policy.refused") == [("policy.refused", "broken")]
    assert await files.may_freeze("sam")


async def test_two_processes_that_read_it_at_once_give_the_same_roles(files: Files) -> None:
    other = PolicyWatch(store=files.house.store, folders=files.watch.folders, admins=files.watch.admins)
    await other.look()
    files.give(operator=["person:fay"])
    for _ in range(2):
        async with anyio.create_task_group() as both:
            both.start_soon(files.watch.look)
            both.start_soon(other.look)
    told = await files.told("role.given", "role.taken")
    assert told[-2:] == [("role.given", "person:fay"), ("role.taken", "group:sre")]
    assert told.count(("role.given", "person:fay")) == 1


async def test_whose_commits_are_whose_is_taken_with_the_roles_and_refused_with_them(files: Files) -> None:
    """What waits is asked for again, since somebody who approved it has turned out to have written the action."""
    company = files.house.company

    def eves(paths: Collection[str]) -> dict[str, Edit]:
        return {path: Edit(commit="c" * 40, email="Eve@elsewhere.example", name="Eve") for path in paths}

    folders = [EXAMPLES / "catalog", EXAMPLES / "actions"]
    await load_company(company.store, folders, {"github": "github"}, last_edits=eves)
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    document = yaml.safe_load(POLICY)
    document["spec"]["editors"] = {"eve@elsewhere.example": "person:sam"}
    broken = yaml.safe_load(yaml.safe_dump(document))
    broken["spec"]["roles"]["admin"] = ["group:nobody"]
    files.watch.admins = None
    files.file.write_text(yaml.safe_dump(broken))
    await files.settle()
    assert await editor(files) is None
    files.file.write_text(yaml.safe_dump(document))
    await files.settle()
    assert await editor(files) == "person:sam"
    assert ("action.edited_by", "") in await files.told("action.edited_by")
    await company.drive(run)
    newest = (await company.approvals(run))[-1]
    assert (newest.editor, newest.state, company.ci.posts) == ("person:sam", "pending", 0)
    with pytest.raises(Forbidden, match="You last changed"):
        await company.decide("sam", run)
    files.file.write_text(POLICY)
    await files.settle()
    assert await editor(files) is None


async def editor(files: Files) -> str | None:
    async with files.house.store.read() as session:
        row = await must_be_offered(session, ActionName("deploy"))
        found = await editor_of(session, Digest(row.digest))
    assert found is not None
    return found.person
