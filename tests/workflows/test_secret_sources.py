"""Secrets by reference: where they are read, how long they are used, and what is said when they cannot be had."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from served import served
from vault_standin import VaultStandin

from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError
from daytwo_store.keyring import Keys, derived
from daytwo_store.secret_values import set_credential
from daytwo_workflows.secret_sources.local import FromEnvironment, FromFiles, FromStore
from daytwo_workflows.secret_sources.reference import ReferenceWrong, read_reference
from daytwo_workflows.secret_sources.source import SecretMissing, SecretSource, SecretUnreachable
from daytwo_workflows.secret_sources.vault import FromVault
from daytwo_workflows.secret_sources.vault_entry import VaultEntry

pytestmark = pytest.mark.anyio
VALUE = "glpat-canary-of-the-vault"
TOKEN = "hvs.canary-of-our-token"


@pytest.mark.parametrize(
    "wrong",
    [
        "env/NAME", "secret://", "secret://env/", "secret://env/A-B", "secret://file/", "secret://file/../key",
        "secret://file/a/../../key", "secret://file/a//b", "secret://file//etc/passwd", "secret://vault/a#k",
        "secret://vault/a/b", "secret://vault/a/../b#k", "secret://vault/a/b#", "secret://aws-sm/x", "secret://stored/x",
        "secret://env/A\n", " secret://env/A",
    ],
)  # fmt: skip
def test_what_is_no_reference_is_refused(wrong: str) -> None:
    with pytest.raises(ReferenceWrong):
        read_reference(wrong)


async def test_environment_and_files(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (tmp_path / "key").write_text(VALUE)
    (folder / "ci").write_text(f"{VALUE}\n")
    (folder / "out").symlink_to(tmp_path / "key")
    (folder / "empty").write_text("\n")
    environment = {"CI_TOKEN": VALUE, "DAYTWO_DATABASE_URL": "postgresql://x:canary@y/z"}
    source = SecretSource({"env": FromEnvironment(environment), "file": FromFiles(folder)})
    assert await source.get(read_reference("secret://env/CI_TOKEN")) == VALUE
    assert await source.get(read_reference("secret://file/ci")) == VALUE
    (folder / "ci").write_text("another")
    assert await source.get(read_reference("secret://file/ci")) == "another", "a file is read each time"
    for reference in ("env/OTHER", "env/DAYTWO_DATABASE_URL", "file/out", "file/empty", "file/none", "vault/a/b#c"):
        with pytest.raises(SecretMissing) as refused:
            await source.get(read_reference(f"secret://{reference}"))
        assert f"secret://{reference}" in refused.value.detail
        assert "canary" not in refused.value.detail
    assert set(source.seen) == {VALUE, "another"}


async def test_what_an_administrator_has_set(store: Store) -> None:
    keys = Keys.of(derived(b"k" * 32))
    source = SecretSource({"stored": FromStore(store, keys)})
    reference = read_reference("secret://stored", connection="github")
    with pytest.raises(SecretMissing, match="daytwo connections credential set github"):
        await source.get(reference)
    async with store.write() as tx:
        await set_credential(tx, keys.ring, "github", VALUE, by="p_1")
        await set_credential(tx, keys.ring, "gitlab", "of another", by="p_1")
    assert await source.get(reference) == VALUE


@dataclass
class Scene:
    vault: VaultStandin
    source: SecretSource
    token_file: Path
    now: list[float]

    async def get(self, reference: str = "secret://vault/kv/ci/github#token") -> str:
        return await self.source.get(read_reference(reference))

    async def refused(self, reference: str = "secret://vault/kv/ci/github#token") -> DaytwoError:
        with pytest.raises(DaytwoError) as error:
            await self.get(reference)
        for canary in (VALUE, TOKEN):
            assert canary not in str(error.value) + repr(error.value.__cause__) + repr(error.value)
        return error.value


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    vault = VaultStandin({"kv/ci/github": {"token": VALUE, "number": 7}}, {TOKEN: {"kv/ci/github", "kv/none"}})
    token_file = tmp_path / "vault-token"
    token_file.write_text(f"{TOKEN}\n")
    async with served(vault.app) as (address, _):
        entry = VaultEntry(address=address, token_file=token_file, seconds=0.5, fresh_seconds=30)
        now = [1000.0]
        yield Scene(vault, SecretSource({"vault": FromVault(entry)}, clock=lambda: now[0]), token_file, now)
        vault.hangs = False


async def test_vault_gives_it_and_is_asked_once_for_a_while(scene: Scene) -> None:
    assert await asyncio.gather(*(scene.get() for _ in range(5))) == [VALUE] * 5
    assert scene.vault.asked == ["kv/ci/github"]
    scene.vault.secrets["kv/ci/github"]["token"] = "rotated-value"
    scene.now[0] += 29
    assert await scene.get() == VALUE
    scene.now[0] += 2
    assert await scene.get() == "rotated-value", "a rotation is picked up"
    assert set(scene.source.seen) == {VALUE, "rotated-value"}, "the old one may still stand in a log"


async def test_while_vault_is_away_the_last_value_is_used_for_some_time(scene: Scene) -> None:
    await scene.get()
    scene.vault.status = 503
    scene.now[0] += 599
    assert await scene.get() == VALUE
    scene.now[0] += 2
    refused = await scene.refused()
    assert isinstance(refused, SecretUnreachable)
    assert refused.retryable
    scene.vault.status = None
    assert await scene.get() == VALUE


async def test_a_no_counts_at_once(scene: Scene) -> None:
    await scene.get()
    scene.now[0] += 31
    scene.vault.tokens.clear()
    refused = await scene.refused()
    assert isinstance(refused, SecretMissing)
    assert "(403)" in refused.detail
    scene.vault.status = 503
    assert isinstance(await scene.refused(), SecretUnreachable), "the value of before is not used any more"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("secret://vault/kv/none#token", "(404)"),
        ("secret://vault/kv/other#token", "(403)"),
        ("secret://vault/kv/ci/github#password", "no such key"),
        ("secret://vault/kv/ci/github#number", "is no text"),
    ],
)
async def test_what_is_not_there_is_said_without_values(scene: Scene, reference: str, said: str) -> None:
    refused = await scene.refused(reference)
    assert said in refused.detail
    assert reference in refused.detail
    assert not refused.retryable


async def test_a_vault_that_hangs_leads_elsewhere_or_talks_nonsense(scene: Scene) -> None:
    scene.vault.hangs = True
    assert "Nothing was sent" in (await scene.refused()).detail
    scene.vault.hangs = False
    scene.vault.leads_to = f"http://127.0.0.1:9/v1/{VALUE}"
    await scene.refused()
    assert scene.vault.asked == ["kv/ci/github"] * 2, "it is not followed"
    scene.vault.leads_to = None
    for nonsense in ([], "x", {"data": None}, {"data": {"data": [VALUE]}}, {"data": {}}):
        scene.vault.says = nonsense
        await scene.refused()
    scene.vault.says = None
    scene.token_file.write_text("")
    assert "is empty" in (await scene.refused()).detail
    scene.token_file.unlink()
    assert "cannot be read" in (await scene.refused()).detail
    scene.token_file.write_text(TOKEN)
    assert await scene.get() == VALUE, "a token that comes back is read without a restart"


async def test_an_older_engine(tmp_path: Path) -> None:
    vault = VaultStandin({"secret/ci": {"token": VALUE}}, {TOKEN: {"secret/ci"}})
    (tmp_path / "t").write_text(TOKEN)
    async with served(vault.app) as (address, _):
        entry = VaultEntry(address=address, token_file=tmp_path / "t", engine=1)
        source = SecretSource({"vault": FromVault(entry)})
        assert await source.get(read_reference("secret://vault/secret/ci#token")) == VALUE
