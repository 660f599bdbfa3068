"""daytwo audit and daytwo evidence: on a real database, a real file, a server that answers."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from tampering import fill, tamper

from daytwo_store.engine import Store
from daytwo_store.evidence import FORMAT, seal
from daytwo_store.signing import Signer, pem_of
from daytwo_workflows.seal import Seal

SIGNER = Signer.read(b"1" * 64)
OTHER = Signer.read(b"2" * 64)


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    paths = {"private": tmp_path / "audit-key", "public": tmp_path / "public.pem", "other": tmp_path / "other.pem"}
    paths["private"].write_text("1" * 64)
    paths["public"].write_text(pem_of(SIGNER.public))
    paths["other"].write_text(pem_of(OTHER.public))
    return paths


@pytest.mark.anyio
async def test_verify_says_what_holds_and_what_was_compared(
    cli: Any, store: Store, database_url: str, keys: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "checkpoints"
    await fill(store, 3)
    async with store.read() as session:
        await Seal(store=store, signer=SIGNER, file=file).seal(await store.clock.now(session))
    await fill(store, 1, first=4)

    async def daytwo(*arguments: str, **more: str) -> Any:
        environment = {"DAYTWO_DATABASE_URL": database_url, **more}
        return await anyio.to_thread.run_sync(lambda: cli("audit", *arguments, environment=environment))

    plain = await daytwo("verify")
    assert plain.code == 0, plain.err
    assert plain.out.startswith("The audit holds: 4 entries, 1 to 4.\nNo checkpoint from outside")
    assert "1 checkpoints are signed by keys that were not given" in plain.out
    compared = await daytwo("verify", "--checkpoints", str(file), "--key", str(keys["public"]))
    assert "the last of them covers entry 3, and 1 came after it" in compared.out
    own = {"DAYTWO_AUDIT_KEY_FILE": str(keys["private"]), "DAYTWO_AUDIT_CHECKPOINTS": str(file)}
    assert (await daytwo("verify", "--json", **own)).json == {
        "whole": True,
        "first": 1,
        "last": 4,
        "checkpoints": 1,
        "outside": 1,
        "sealed": 3,
        "unchecked": 0,
    }
    foreign = await daytwo("verify", "--checkpoints", str(file), "--key", str(keys["other"]))
    assert foreign.code == 1
    assert SIGNER.key in foreign.err
    early = await daytwo("prune", "--before", "2000-01-01", **own)
    assert early.out == "There is no entry older than 2000-01-01. Nothing was deleted.\n"
    unsigned = await daytwo("prune", "--before", "2100-01-01", "--yes")
    assert (unsigned.code, "has to be signed" in unsigned.err) == (2, True)
    unsealed = await daytwo("prune", "--before", "2100-01-01", "--yes", **own)
    assert (unsealed.code, "Only entries up to 3" in unsealed.err) == (1, True)

    await tamper(store, "UPDATE audit SET actor = 'p_eve' WHERE n = 2")
    broken = await daytwo("verify")
    assert broken.code == 1
    assert broken.err == "The audit does not hold at entry 2: the entry is not what was written.\n"


def test_what_cannot_be_verified_is_said_before_anything_is_read(cli: Any, keys: dict[str, Path]) -> None:
    nowhere = cli("audit", "verify", environment={})
    assert (nowhere.code, "DAYTWO_DATABASE_URL is not set" in nowhere.err) == (2, True)
    url = {"DAYTWO_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    for arguments in (["--key", str(keys["private"])], ["--checkpoints", str(keys["public"])], ["--key", "/none"]):
        refused = cli("audit", "verify", *arguments, environment=url)
        assert (refused.code, refused.err.endswith("Nothing was verified.\n")) == (2, True), refused.err
    away = cli("audit", "verify", environment=url)
    assert away.code == 7


def test_the_database_keeps_its_url_to_itself(cli: Any) -> None:
    wrong = cli("audit", "verify", environment={"DAYTWO_DATABASE_URL": "mysql://user:hunter2@db/x"})
    assert wrong.code == 2
    assert "hunter2" not in wrong.err


def evidence() -> bytes:
    told = {
        "format": FORMAT,
        "made_at": "2026-11-21T12:00:00+00:00",
        "run": {
            "id": "r_1",
            "state": "succeeded",
            "action": "deploy",
            "version": "v1",
            "entity": "service:shop",
            "requester": "p_1",
            "created_at": "2026-11-21T11:00:00+00:00",
            "comment": "customers\x1b[2J wait",
        },
        "people": {"p_1": {"name": "Ana", "subject": "person:ana", "issuer": "catalog"}},
        "plan": {"text": "{}", "digest": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
        "approvals": [],
        "decisions": [],
        "attempts": [],
        "external_runs": [{"connection": "github", "id": "7", "commit": "c0ffee"}],
        "audit": {"entries": [], "proof": []},
        "steps": [],
        "logs": {"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    }
    return seal(told, SIGNER)


def test_evidence_is_saved_whole_and_checked_without_a_server(
    cli: Any, server: Any, reply: Any, keys: dict[str, Path], tmp_path: Path
) -> None:
    server.on("GET", "/runs/r_1/evidence", reply(text=evidence().decode()))
    file = tmp_path / "r_1.json"
    saved = cli("evidence", "save", "r_1", "-o", str(file))
    assert saved.code == 0, saved.err
    assert file.read_bytes() == evidence()
    checked = cli("evidence", "verify", str(file), "--key", str(keys["public"]), environment={})
    assert checked.code == 0, checked.err
    assert "asked by  Ana (person:ana of catalog) on 2026-11-21T11:00:00+00:00" in checked.out
    assert "why       customers wait" in checked.out
    assert "sent      github 7, commit c0ffee" in checked.out
    assert checked.out.endswith("is what was signed.\n")
    log = tmp_path / "logs.txt"
    log.write_bytes(b"x")
    other = cli("evidence", "verify", str(file), "--key", str(keys["public"]), "--log", str(log), environment={})
    assert (other.code, "DOES NOT HOLD: the log is another one" in other.out) == (1, True)

    file.write_bytes(evidence().replace(b"succeeded", b"sucCeeded"))
    changed = cli("evidence", "verify", str(file), "--key", str(keys["public"]), environment={})
    assert (changed.code, "it is not what was signed" in changed.err) == (1, True)
    foreign = cli("evidence", "verify", str(file), "--key", str(keys["other"]), environment={})
    assert (foreign.code, SIGNER.key in foreign.err) == (1, True)


def test_a_file_that_breaks_off_is_not_there(cli: Any, server: Any, reply: Any, tmp_path: Path) -> None:
    server.on("GET", "/runs/r_1/evidence", reply(text="half", hang_up=True))
    broken = cli("evidence", "save", "r_1", "-o", str(tmp_path / "r_1.json"))
    assert broken.code == 7
    assert list(tmp_path.glob("r_1.json*")) == []


def test_entries_are_listed_exported_and_the_keys_written(cli: Any, server: Any, reply: Any, tmp_path: Path) -> None:
    entry = {
        "number": 7,
        "at": "2026-11-21T12:00:00Z",
        "actor": "p_1",
        "action": "run.accepted",
        "subject": "run:r_1",
        "facts": {"digest": "abc"},
        "hash": "0" * 64,
    }
    server.on("GET", "/audit", {"items": [entry], "next_cursor": None})
    listed = cli("audit", "list", "--run", "r_1", "--since", "2026-11-01")
    assert "run.accepted  run:r_1  digest=abc" in listed.out
    assert server.asked[-1].query == {"run": "r_1", "since": "2026-11-01T00:00:00+00:00", "limit": "20"}
    assert cli("audit", "list", "--since", "yesterday").code == 2
    server.on("GET", "/audit/export", reply(text="number,at\r\n"))
    assert cli("audit", "export", "-o", str(tmp_path / "a.csv"), "--format", "csv", "--actor", "p_1").code == 0
    assert (tmp_path / "a.csv").read_bytes() == b"number,at\r\n"
    assert server.asked[-1].query == {"format": "csv", "after": "0", "actor": "p_1"}
    key = {"id": SIGNER.key, "pem": pem_of(SIGNER.public), "current": True}
    sealed = {"entries": 7, "sealed": 6, "sealed_at": "2026-11-21T12:00:00Z", "failing_since": None, "why": None}
    server.on("GET", "/audit/seal", {**sealed, "keys": [key]})
    said = cli("audit", "keys", "-o", str(tmp_path / "public.pem"))
    assert f"{SIGNER.key} signs now" in said.out
    assert (tmp_path / "public.pem").read_text() == pem_of(SIGNER.public)
