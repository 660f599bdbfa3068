"""Who last changed an action's file does not approve its runs: as Git has it, or it is said why it is not known."""

import os
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from company import EXAMPLES, Company
from more_actions import like_deploy

from daytwo_actions.definitions.errors import DefinitionRejected
from daytwo_actions.plan.model import Plan, PlannedEditor
from daytwo_store import approval_pages, runs, task_pages, tasks
from daytwo_store.approval_pages import ApprovalFilter, Reader, Right
from daytwo_store.errors import Forbidden, Rejected
from daytwo_store.ids import RunId, TaskId
from daytwo_store.states import ApprovalState, TaskState
from daytwo_store.task_pages import TaskFilter
from daytwo_workflows.company import load_company
from daytwo_workflows.contracts import What
from daytwo_workflows.editors import Edit, last_edits
from daytwo_workflows.life import doing
from daytwo_workflows.life.doing import Done
from daytwo_workflows.life.lending import Lending, lend

pytestmark = pytest.mark.anyio
SAM = "sam@acme.example"  # as the catalog has it
SAM_REF = "person:sam"


GATE: dict[str, Any] = {"id": "ok", "uses": "approval", "with": {"from": ["group:sre", "group:platform"]}}
CHORE: dict[str, Any] = {
    "id": "switch",
    "uses": "task",
    "with": {"from": ["group:sre", "group:platform"], "text": "Switch it", "four_eyes": True},
}


def git(folder: Path, *arguments: str, author: str = "Nobody <nobody@example>") -> str:
    name, _, email = author.removesuffix(">").partition(" <")
    who = ["-c", f"user.name={name}", "-c", f"user.email={email}", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)
    return done.stdout.decode().strip()


def write(folder: Path, name: str, **spec: Any) -> Path:
    document = like_deploy(
        name, approval=[{"from": ["group:sre", "group:platform"], **spec}], allow={"run": ["everyone"]}
    )
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


def commit(folder: Path, author: str, message: str = "change") -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message, author=author)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    """A checkout in which Sam wrote `edited`, and somebody whom nobody knows `foreign`."""
    folder = tmp_path / "checkout" / "actions"
    folder.mkdir(parents=True)
    git(folder.parent, "init", "-q")
    write(folder, "edited")
    write(folder, "let", editor_approval=True)
    commit(folder, f"Sam <{SAM}>")
    write(folder, "foreign")
    commit(folder, "Eve <eve@elsewhere.example>")
    return folder


async def load(company: Company, folder: Path, *more: Path) -> None:
    folders = [EXAMPLES / "catalog", EXAMPLES / "actions", folder, *more]
    await load_company(company.store, folders, {"github": "github"}, last_edits=last_edits)


async def asks(company: Company, action: str = "edited", name: str = "ana") -> RunId:
    return await company.ask(name, "1.1.0", "production", action=action)


async def editor(company: Company, run: RunId) -> PlannedEditor:
    found = Plan.model_validate_json((await company.run(run)).plan).action.editor
    assert found is not None
    return found


async def lends(company: Company, by: str, to: str) -> None:
    async with company.store.read() as session:
        ends = await company.store.clock.now(session) + timedelta(days=1)
    asked = Lending(
        by=await company.person(by), to=f"person:{to}", begins_at=None, ends_at=ends, reason="", key=f"lend-{by}-{to}"
    )
    await lend(company.store, asked)


def edit(file: Path) -> Edit:
    return last_edits([str(file)])[str(file)]


async def test_who_last_changed_the_file_does_not_decide(company: Company, yard: Path) -> None:
    await load(company, yard)
    run = await asks(company)
    assert await editor(company, run) == PlannedEditor(
        person="person:sam", name="Sam", commit=git(yard, "rev-list", "-1", "HEAD", "--", "edited.yaml")
    )
    with pytest.raises(Forbidden, match="You last changed the file of this action"):
        await company.decide("sam", run)
    await lends(company, "sam", "fay")
    with pytest.raises(
        Forbidden, match="person:sam, who last changed the file of this action, lets you decide for them"
    ):
        await company.decide("fay", run)
    await lends(company, "pat", "sam")
    with pytest.raises(Forbidden, match="You last changed"):
        await company.decide("sam", run)
    with pytest.raises(Forbidden, match="person:sam, who last changed the file of this action, decides for you"):
        await company.decide("pat", run)


async def test_somebody_else_decides_and_it_goes_out(company: Company, yard: Path) -> None:
    await load(company, yard)
    run = await asks(company)
    await company.decide("pat", run)
    await company.through(run)
    assert company.ci.posts == 1


async def test_the_list_of_what_one_may_decide_has_it_not(company: Company, yard: Path) -> None:
    await load(company, yard)
    run, let = await asks(company), await asks(company, "let")

    async def mine(name: str, group: str) -> set[str]:
        who = await company.person(name)
        ref = f"person:{name}"
        right = Right(principal=who, human=ref, belongs=frozenset({group, ref}), never_for=frozenset({ref}))
        async with company.store.read() as session:
            wanted = ApprovalFilter(state=ApprovalState.PENDING, mine=True)
            rows = await approval_pages.page(session, wanted, reader=Reader(own=right), after=None, limit=50)
        return {one.id for _, one in rows}

    assert await mine("sam", "group:sre") == {let}
    assert await mine("pat", "group:platform") == {run, let}


async def test_the_action_may_let_them_and_the_audit_says_so(company: Company, yard: Path) -> None:
    await load(company, yard)
    run = await asks(company, "let")
    await company.decide("sam", run)
    await company.through(run)
    [entry] = [one for one in await company.audit(run) if one.action == "decision.approve"]
    assert (entry.facts["own_edit"], company.ci.posts) == ("true", 1)


async def test_who_changes_it_while_it_waits_voids_what_they_approved(company: Company, yard: Path) -> None:
    """The same content by another hand: the version is the same, the hand is not."""
    await load(company, yard)
    run = await asks(company)
    await company.decide("pat", run)
    (yard / "edited.yaml").write_text("# a comment\n" + (yard / "edited.yaml").read_text())
    commit(yard, "Pat <pat@acme.example>")
    await load(company, yard)
    assert (await company.drive(run)).what is What.WAIT
    newest = (await company.approvals(run))[-1]
    assert (newest.state, newest.editor, company.ci.posts) == ("pending", "person:pat", 0)
    assert "action.editor.person" in {one["field"] for one in newest.drift}
    with pytest.raises(Forbidden, match="You last changed"):
        await company.decide("pat", run)
    await company.decide("sam", run)
    await company.through(run)
    assert company.ci.posts == 1


async def test_whom_nobody_knows_keeps_nobody_and_the_plan_says_so(company: Company, yard: Path) -> None:
    await load(company, yard)
    run = await asks(company, "foreign")
    found = await editor(company, run)
    assert (found.person, found.name) == (None, "Eve")
    assert found.why_not == "nobody in the catalog has the e-mail address of the commit's author"
    await company.decide("sam", run)


async def test_the_policy_says_whose_commits_are_whose(company: Company, yard: Path, tmp_path: Path) -> None:
    policy = yaml.safe_load((EXAMPLES / "catalog" / "policy.yaml").read_text())
    policy["spec"]["editors"] = {"Eve@Elsewhere.example": "person:sam"}
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    for file in (EXAMPLES / "catalog").glob("*.yaml"):
        (catalog / file.name).write_text(yaml.safe_dump(policy) if file.name == "policy.yaml" else file.read_text())
    await load_company(
        company.store, [catalog, EXAMPLES / "actions", yard], {"github": "github"}, last_edits=last_edits
    )
    with pytest.raises(Forbidden, match="You last changed"):
        await company.decide("sam", await asks(company, "foreign"))


async def test_a_policy_that_wants_it_known_loads_nothing_of_which_it_is_not(
    company: Company, yard: Path, tmp_path: Path
) -> None:
    policy = yaml.safe_load((EXAMPLES / "catalog" / "policy.yaml").read_text())
    policy["spec"]["editor_must_be_known"] = True
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    for file in (EXAMPLES / "catalog").glob("[!f]*.yaml"):  # freezes name actions that are not there
        (catalog / file.name).write_text(yaml.safe_dump(policy) if file.name == "policy.yaml" else file.read_text())

    async def loads() -> None:
        await load_company(company.store, [catalog, yard], {"github": "github"}, last_edits=last_edits)

    with pytest.raises(DefinitionRejected) as refused:
        await loads()
    assert [(Path(one.file).name, one.line) for one in refused.value.problems] == [("foreign.yaml", 1)]
    assert "nobody in the catalog has the e-mail address" in refused.value.detail
    await asks(company, "deploy")  # what was loaded before stays
    write(yard, "foreign", expires="2h")
    commit(yard, f"Sam <{SAM}>")
    await loads()
    assert (await editor(company, await asks(company, "foreign"))).person == SAM_REF


def owned_by(folder: Path, uid: int) -> None:
    for one in (folder, *folder.rglob("*")):
        os.lchown(one, uid, uid)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away, which root alone may")
def test_a_checkout_of_another_user_tells_where_the_folder_is_theirs_too(yard: Path) -> None:
    """As one is that is mounted into a container; a checkout around somebody else's folder is asked nothing."""
    owned_by(yard.parent, 10_077)
    assert edit(yard / "edited.yaml").email == SAM
    for theirs in (yard.parent, yard.parent / ".git"):
        os.lchown(theirs, 10_088, 10_088)
        assert "belongs to another user" in str(edit(yard / "edited.yaml").why_not)
        os.lchown(theirs, 10_077, 10_077)


async def test_without_anybody_who_looks_it_is_not_known(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    assert Plan.model_validate_json((await company.run(run)).plan).action.editor is None


def test_what_git_does_not_tell_is_said(yard: Path, tmp_path: Path) -> None:
    file = yard / "edited.yaml"
    assert edit(file).email == SAM
    (yard / "edited.yaml").write_text(file.read_text() + "# not committed\n")
    assert edit(file).why_not == "it is not as it was committed"
    git(yard, "checkout", "--", "edited.yaml")
    new = write(yard, "new")
    assert edit(new).why_not == "it is not as it was committed"
    outside = write(tmp_path, "outside")
    assert edit(outside).why_not == "its file stands in no Git checkout"
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{yard.parent}", str(shallow))
    assert "whole history" in str(edit(shallow / "actions" / "edited.yaml").why_not)
    (yard / ".gitignore").write_text("ignored.yaml\n")
    commit(yard, "Pat <pat@acme.example>")
    assert edit(write(yard, "ignored")).why_not == "it is not as it was committed"


def test_a_merge_is_not_an_edit_and_a_mailmap_hides_nobody(yard: Path) -> None:
    git(yard, "checkout", "-q", "-b", "branch", "HEAD~1")
    write(yard, "other")
    commit(yard, "Ben <ben@acme.example>")
    git(yard, "checkout", "-q", "-")
    git(yard, "merge", "-q", "--no-ff", "-m", "merge", "branch", author="Pat <pat@acme.example>")
    (yard.parent / ".mailmap").write_text(f"Ben <ben@acme.example> <{SAM}>\n")
    commit(yard, "Pat <pat@acme.example>")
    assert edit(yard / "edited.yaml").email == SAM
    assert edit(yard / "other.yaml").email == "ben@acme.example"


BEN, PAT, EVE = "Ben <ben@acme.example>", "Pat <pat@acme.example>", "Eve <eve@acme.example>"
LINES = "# {first}\n# a\n# b\n# c\n# d\n# e\n# {last}\n"


@pytest.fixture
def sides(yard: Path) -> Path:
    """`edited.yaml` has seven lines of Sam's, Ben has changed the first on a branch, and Pat the last beside it."""
    file = yard / "edited.yaml"
    for branch, author, first, last in (
        ("-", f"Sam <{SAM}>", "1", "7"),
        ("ben", BEN, "ben", "7"),
        ("-", PAT, "1", "p"),
    ):
        if branch != "-":
            git(yard, "checkout", "-q", "-b", branch)
        elif author == PAT:
            git(yard, "checkout", "-q", "-")
        file.write_text(LINES.format(first=first, last=last))
        commit(yard, author)
    return file


def emails(file: Path) -> set[str | None]:
    found = edit(file)
    return {one.email for one in (found, *found.others)}


def merged(yard: Path, content: str, *how: str) -> None:
    """A merge of Eve's that holds what she wants."""
    git(yard, "merge", "-q", "--no-ff", "--no-commit", *how, "ben", author=EVE)
    (yard / "edited.yaml").write_text(content)
    commit(yard, EVE, "merge")


def test_what_a_merge_itself_changes_is_an_edit_of_who_merged(yard: Path) -> None:
    """The other side has not touched the file, and the merge has something that stands on neither."""
    git(yard, "checkout", "-q", "-b", "ben")
    write(yard, "other")
    commit(yard, BEN)
    git(yard, "checkout", "-q", "-")
    write(yard, "third")
    commit(yard, PAT)
    merged(yard, "# evil\n")
    assert edit(yard / "edited.yaml").email == "eve@acme.example"
    assert emails(yard / "other.yaml") == {"ben@acme.example"}


def test_two_sides_that_were_merged_have_all_their_editors(yard: Path, sides: Path) -> None:
    merged(yard, LINES.format(first="ben", last="p"))
    assert edit(sides).email == "eve@acme.example"
    assert emails(sides) == {"eve@acme.example", "ben@acme.example", "pat@acme.example"}
    sides.write_text(LINES.format(first="ben", last="sam"))
    commit(yard, f"Sam <{SAM}>")
    assert emails(sides) == {SAM}


@pytest.mark.parametrize("how", ["ours", "theirs"])
def test_who_drops_what_one_side_changed_is_an_editor(yard: Path, sides: Path, how: str) -> None:
    kept = ("1", "p", "pat") if how == "ours" else ("ben", "7", "ben")
    merged(yard, LINES.format(first=kept[0], last=kept[1]))
    assert emails(sides) == {"eve@acme.example", f"{kept[2]}@acme.example"}


def test_who_takes_back_the_change_of_a_side_in_a_merge_is_an_editor(yard: Path) -> None:
    """Only one side has changed the file, so a merge without a hand in it would have had the change. What stands there
    is Sam's again."""
    git(yard, "checkout", "-q", "-b", "ben")
    before = (yard / "edited.yaml").read_text()
    (yard / "edited.yaml").write_text("# safe\n" + before)
    commit(yard, BEN)
    git(yard, "checkout", "-q", "-")
    write(yard, "third")
    commit(yard, PAT)
    merged(yard, before)
    assert edit(yard / "edited.yaml").email == "eve@acme.example"
    assert emails(yard / "edited.yaml") == {"eve@acme.example", SAM}


def test_what_came_by_a_merge_that_changed_nothing_is_who_wrote_it(yard: Path) -> None:
    git(yard, "checkout", "-q", "-b", "ben")
    (yard / "edited.yaml").write_text("# by ben\n")
    commit(yard, BEN)
    git(yard, "checkout", "-q", "-")
    write(yard, "third")
    commit(yard, PAT)
    git(yard, "merge", "-q", "--no-ff", "-m", "merge", "ben", author=EVE)
    assert emails(yard / "edited.yaml") == {"ben@acme.example"}


def test_a_clock_that_goes_back_makes_no_commit_older(yard: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (yard / "edited.yaml").write_text("# later\n")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2001-01-01T00:00:00Z")
    commit(yard, PAT)
    assert emails(yard / "edited.yaml") == {"pat@acme.example"}


async def test_all_who_have_a_hand_in_a_merged_file_are_kept(company: Company, yard: Path) -> None:
    """Sam's side and Pat's side stand in the file: Sam decides neither, nor Pat, nor who is one person with them."""
    git(yard, "checkout", "-q", "-b", "ben")
    text = (yard / "edited.yaml").read_text()
    (yard / "edited.yaml").write_text("# sam\n" + text)
    commit(yard, f"Sam <{SAM}>")
    git(yard, "checkout", "-q", "-")
    (yard / "edited.yaml").write_text(text + "# pat\n")
    commit(yard, PAT)
    merged(yard, "# sam\n" + text + "# pat\n")
    await load(company, yard)
    run = await asks(company)
    [asked] = await company.approvals(run)
    assert sorted([asked.editor or "", *asked.other_editors]) == ["person:pat", "person:sam"]
    for name in ("sam", "pat"):
        with pytest.raises(Forbidden, match="You last changed"):
            await company.decide(name, run)
        who, ref = await company.person(name), f"person:{name}"
        right = Right(
            principal=who, human=ref, belongs=frozenset({"group:sre", "group:platform"}), never_for=frozenset({ref})
        )
        async with company.store.read() as session:
            wanted = ApprovalFilter(state=ApprovalState.PENDING, mine=True)
            rows = await approval_pages.page(session, wanted, reader=Reader(own=right), after=None, limit=50)
        assert list(rows) == []
    await lends(company, "pat", "fay")
    with pytest.raises(Forbidden, match="person:pat, who last changed the file of this action, lets you decide"):
        await company.decide("fay", run)


def test_git_runs_nothing_that_a_repository_configures(yard: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    git(yard, "config", "core.fsmonitor", str(trap))
    git(yard, "config", "log.showSignature", "true")
    git(yard, "config", "gpg.program", str(trap))
    assert edit(yard / "edited.yaml").email == SAM
    assert not (tmp_path / "sprung").exists()


def test_git_runs_no_filter_hook_or_driver_of_a_repository(yard: Path, tmp_path: Path) -> None:
    """Planted where a checkout's own configuration may name programs; a file as it was committed stays one."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho $0 $@ >> {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    file = yard / "edited.yaml"
    (yard / ".gitattributes").write_text("*.yaml filter=evil diff=evil merge=evil\n")
    commit(yard, f"Sam <{SAM}>")
    names = ("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv")
    for name in (*names, "diff.evil.command", "diff.external", "merge.evil.driver", "core.pager", "core.sshCommand"):
        git(yard, "config", name, str(trap))
    git(yard, "config", "core.hooksPath", str(tmp_path / "hooks"))
    (tmp_path / "hooks").mkdir()
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        (tmp_path / "hooks" / hook).write_text(trap.read_text())
        (tmp_path / "hooks" / hook).chmod(0o755)
    for content in (file.read_text(), file.read_text().replace("edited", "editeD"), file.read_text() + "#\n"):
        file.write_text(content)  # its time is another one, so that what is in the index does not answer
        edit(file)
    assert not (tmp_path / "sprung").exists()
    assert edit(file).why_not == "it is not as it was committed"


def test_a_replaced_commit_hides_nobody(yard: Path) -> None:
    head = git(yard, "rev-parse", "HEAD~1")
    other = git(yard, "commit-tree", f"{head}^{{tree}}", "-m", "x", author=PAT)
    git(yard, "replace", head, other)
    assert emails(yard / "edited.yaml") == {SAM}


async def midway(company: Company, yard: Path, step: dict[str, Any]) -> RunId:
    """A run that waits at a step which Sam wrote; nobody was asked before."""
    usual: dict[str, Any] = {"approval": [], "catalog": [], "undo": None, "lock": None, "allow": {"run": ["everyone"]}}
    (yard / "midway.yaml").write_text(yaml.safe_dump(like_deploy("midway", **usual, steps=[step])))
    commit(yard, f"Sam <{SAM}>")
    await load(company, yard)
    run = await asks(company, "midway")
    assert (await company.drive(run)).what is What.WAIT
    return run


async def test_who_last_changed_the_file_does_not_decide_in_the_middle_either(company: Company, yard: Path) -> None:
    run = await midway(company, yard, GATE)
    with pytest.raises(Forbidden, match="You last changed the file of this action"):
        await company.decide("sam", run)
    await company.decide("pat", run)


async def test_who_last_changed_the_file_decides_in_the_middle_where_it_says_so(company: Company, yard: Path) -> None:
    run = await midway(company, yard, GATE | {"with": GATE["with"] | {"editor_approval": True}})
    await company.decide("sam", run)


async def done(company: Company, run: RunId, name: str) -> None:
    async with company.store.read() as session:
        [row] = await tasks.of_run(session, run)
    by = await company.person(name)
    await doing.complete(company.life, Done(task=TaskId(row.id), by=by, answers={}))


async def may_do(company: Company, name: str, *groups: str) -> int:
    """How many tasks the list of what one may do has."""
    ref, who = f"person:{name}", await company.person(name)
    right = Right(principal=who, human=ref, belongs=frozenset({ref, *groups}), never_for=frozenset({ref}))
    async with company.store.read() as session:
        wanted = TaskFilter(state=TaskState.OPEN, mine=True)
        return len(await task_pages.page(session, wanted, reader=Reader(own=right), after=None, limit=50))


async def test_four_eyes_of_a_task_keep_off_who_last_changed_the_file(company: Company, yard: Path) -> None:
    run = await midway(company, yard, CHORE)
    assert await may_do(company, "sam", "group:sre") == 0
    assert await may_do(company, "pat", "group:platform") == 1
    with pytest.raises(Forbidden, match="You last changed the file of this action"):
        await done(company, run, "sam")
    await lends(company, "sam", "fay")
    with pytest.raises(Forbidden, match="person:sam, who last changed the file of this action, lets you decide"):
        await done(company, run, "fay")
    async with company.store.read() as session:
        [row] = await tasks.of_run(session, run)
    pat = await company.person("pat")
    await doing.claim(company.life, TaskId(row.id), by=pat)
    with pytest.raises(Rejected, match="person:sam last changed the file"):
        await doing.hand_over(company.life, TaskId(row.id), by=pat, to="person:sam")
    await done(company, run, "pat")


async def test_a_task_without_four_eyes_is_for_who_wrote_it_as_well(company: Company, yard: Path) -> None:
    run = await midway(company, yard, {**CHORE, "with": {**CHORE["with"], "four_eyes": False}})
    assert await may_do(company, "sam", "group:sre") == 1
    await done(company, run, "sam")


async def test_a_task_that_only_its_writer_could_do_says_that_there_is_nobody(company: Company, yard: Path) -> None:
    run = await midway(company, yard, {**CHORE, "with": {**CHORE["with"], "from": [SAM_REF]}})
    async with company.store.read() as session:
        [step] = await runs.steps(session, run)
    assert (step.data or {})["nobody"] is True
