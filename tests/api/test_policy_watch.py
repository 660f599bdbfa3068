"""The policy is read again while the API serves: whole or not at all, and never while it is being written."""

from collections.abc import Collection
from pathlib import Path

import anyio
import httpx
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
        self.watch = house.services.watch.policy
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
    assert await files.ready() == (200, "the policy in the company's files is what holds")


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


PEOPLE = (EXAMPLES / "catalog" / "people.yaml").read_text()
SAM = """metadata: { kind: person, name: sam, title: Sam }
spec:
  properties: { email: sam@acme.example, role: site reliability engineer }
  relations: { memberOf: ["group:sre"] }
"""
NO_SRE = SAM.replace('"group:sre"', "")


class Folk:
    """People in a file that is watched, and Sam, who is signed in and on call for production."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.watch = house.services.watch
        self.folder = folder
        self.file = folder / "people.yaml"
        self.file.write_text(PEOPLE)
        (folder / "policy.yaml").write_text(POLICY)
        self.watch.policy.folders = self.watch.people.folders = [folder]

    async def settle(self) -> None:
        for _ in range(2):
            await self.watch.look()

    async def groups(self, client: httpx.AsyncClient) -> list[str]:
        found: list[str] = (await client.get("/api/v1/me")).json()["groups"]
        return found

    async def told(self) -> list[str]:
        async with self.house.store.read() as session:
            wanted = select(AuditRow.action).where(AuditRow.action.startswith("people.")).order_by(AuditRow.n)
            return list(await session.scalars(wanted))

    async def detail(self) -> str:
        parts = (await self.house.anonymous().get("/readyz")).json()["parts"]
        return next(str(part["detail"]) for part in parts if part["name"] == "people")


@pytest.fixture
async def folk(house: House, tmp_path: Path) -> Folk:
    assert PEOPLE.count(SAM) == 1
    folder = tmp_path / "company"
    folder.mkdir()
    found = Folk(house, folder)
    await found.settle()
    assert (await found.told(), found.watch.people.refused) == ([], None)
    return found


async def test_a_group_that_a_file_takes_away_is_gone_for_who_is_signed_in(folk: Folk) -> None:
    """Without a restart, and not before the file stands still."""
    sam = await folk.house.signed_in("sam")
    assert await folk.groups(sam) == ["group:sre"]
    assert (await sam.post("/api/v1/freezes", json=FREEZE)).status_code == 201
    folk.file.write_text(PEOPLE.replace(SAM, NO_SRE))
    await folk.watch.look()
    assert await folk.groups(sam) == ["group:sre"], "it may still be being written"
    await folk.watch.look()
    assert await folk.groups(sam) == []
    problem(await sam.post("/api/v1/freezes", json=FREEZE), 403, "forbidden")
    folk.file.write_text(PEOPLE)
    await folk.settle()
    assert await folk.groups(sam) == ["group:sre"]


async def test_who_is_gone_from_the_files_is_nobody_and_who_is_new_may_sign_in(folk: Folk) -> None:
    sam = await folk.house.signed_in("sam")
    new = f"apiVersion: daytwo/v1\nkind: Entity\n{SAM.replace('sam', 'kit').replace('Sam', 'Kit')}"
    folk.file.write_text(PEOPLE.replace(SAM, NO_SRE.replace("sam", "samira")) + "---\n" + new)
    await folk.settle()
    assert folk.watch.people.refused is None
    assert (await sam.get("/api/v1/me")).status_code == 401
    assert await folk.groups(await folk.house.signed_in("kit")) == ["group:sre"]


WRONG = {
    "no yaml": "apiVersion: daytwo/v1\nkind: Entity\n  half: [",
    "no such group": PEOPLE.replace(SAM, SAM.replace("group:sre", "group:sr")),
    "no e-mail address": PEOPLE.replace("email: sam@acme.example, ", ""),
    "twice": PEOPLE + "---\napiVersion: daytwo/v1\nkind: Entity\n" + SAM,
    "no kind": PEOPLE.replace(SAM, SAM.replace("kind: person, ", "")),
    "a kind that is no word": PEOPLE.replace(SAM, SAM.replace("kind: person", "kind: [person]")),
}


@pytest.mark.parametrize("name", WRONG)
async def test_people_that_cannot_be_used_leave_those_of_before_and_say_so(folk: Folk, name: str) -> None:
    sam = await folk.house.signed_in("sam")
    text = WRONG[name]
    assert text != PEOPLE
    folk.file.write_text(text)
    for _ in range(3):
        await folk.watch.look()
    assert await folk.told() == ["people.refused"]
    assert await folk.groups(sam) == ["group:sre"]
    assert await folk.detail() == "people and groups in the files are broken: those of before hold; see the log"
    assert "daytwo_people_refused 1.0" in (await folk.house.anonymous().get("/metrics")).text
    folk.file.write_text(PEOPLE)
    await folk.settle()
    assert await folk.told() == ["people.refused", "people.mended"]
    assert await folk.detail() == "people and groups in the files are what holds"


async def test_a_folder_that_is_empty_is_no_company_of_nobody(folk: Folk) -> None:
    folk.file.unlink()
    await folk.settle()
    assert (folk.watch.people.refused, await folk.told()) == ("missing", ["people.refused"])
    folk.watch.people.folders = [folk.folder / "gone"]
    await folk.settle()
    assert folk.watch.people.refused == "broken"
    await folk.house.signed_in("sam")


async def test_a_group_that_others_name_or_that_administers_is_not_taken_away(folk: Folk) -> None:
    documents = [one for one in PEOPLE.split("---\n") if "group:sre" not in one and "name: sre," not in one]
    folk.file.write_text("---\n".join(documents))
    await folk.settle()
    assert folk.watch.people.refused == "broken"
    policy = yaml.safe_load(POLICY)
    policy["spec"]["roles"]["admin"] = ["person:pat"]
    (folk.folder / "policy.yaml").write_text(yaml.safe_dump(policy))
    folk.watch.people.admins = folk.watch.policy.admins = None
    folk.file.write_text(PEOPLE)
    await folk.settle()
    assert (folk.watch.policy.refused, folk.watch.people.refused) == (None, None)
    folk.file.write_text("---\n".join(one for one in PEOPLE.split("---\n") if "name: pat," not in one))
    await folk.settle()
    assert folk.watch.people.refused == "broken"
    await folk.house.signed_in("pat")


async def test_whoever_is_new_in_both_files_administers_at_once(folk: Folk) -> None:
    """The policy names somebody whom only the people's file of the same change has."""
    folk.watch.people.admins = folk.watch.policy.admins = None
    policy = yaml.safe_load(POLICY)
    policy["spec"]["roles"]["admin"] = ["person:kit"]
    (folk.folder / "policy.yaml").write_text(yaml.safe_dump(policy))
    await folk.settle()
    assert folk.watch.policy.refused == "broken"
    new = f"apiVersion: daytwo/v1\nkind: Entity\n{SAM.replace('sam', 'kit').replace('Sam', 'Kit')}"
    folk.file.write_text(f"{PEOPLE}---\n{new}")
    await folk.settle()
    assert (folk.watch.policy.refused, folk.watch.people.refused) == (None, None)


async def test_what_is_no_person_and_no_group_is_not_touched_and_may_be_half_written(folk: Folk) -> None:
    (folk.folder / "deploy.yaml").write_text("kind: Action\n  half: [")
    (folk.folder / "services.yaml").write_text(
        "apiVersion: daytwo/v1\nkind: Entity\nmetadata: { kind: service, name: new }\nspec: { nonsense: 1 }\n"
    )
    folk.file.write_text(PEOPLE.replace(SAM, NO_SRE))
    await folk.settle()
    assert folk.watch.people.refused is None
    sam = await folk.house.signed_in("sam")
    assert await folk.groups(sam) == []
    assert (await sam.get("/api/v1/entities/service/shop")).status_code == 200
    assert (await sam.get("/api/v1/entities/service/new")).status_code == 404
