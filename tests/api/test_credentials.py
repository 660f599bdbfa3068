"""Credentials of connections by reference: set by an administrator, used when something is sent, never shown."""

import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from api_house import House, problem
from company import Company
from sqlalchemy import select

from daytwo_actions.backends.base import Accepted, Refused, Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_api.settings import ApiSettings
from daytwo_standins.github.testing import RunningStandin, make_repository, start_standin
from daytwo_store.engine import Store
from daytwo_store.ids import Corr
from daytwo_store.logging import configure_logging
from daytwo_store.tables import AuditRow, SecretRow
from daytwo_workflows.connections.renewed import NOT_YET
from daytwo_workflows.life.spending import Spending
from daytwo_workflows.secret_files import SettingsRejected
from daytwo_workflows.wiring import build_backends, build_life

pytestmark = pytest.mark.anyio
FIRST, SECOND = "token-of-the-bot", "token-of-the-bot-anew"
TARGET = Target(project="acme/shop", pipeline="deploy.yml", ref="main")
WORKFLOW = """\
run-name: "x ${{ inputs.daytwo_run }}"
on: { workflow_dispatch: { inputs: { daytwo_run: { type: string } } } }
jobs: { a: { runs-on: ubuntu-latest, steps: [{ run: "true" }] } }
"""


@dataclass
class Scene:
    house: House
    settings: ApiSettings
    store: Store
    standin: RunningStandin

    async def audit(self) -> list[tuple[str, str]]:
        async with self.store.read() as session:
            wanted = select(AuditRow).where(AuditRow.action.like("credential.%")).order_by(AuditRow.n)
            rows = await session.scalars(wanted)
            return [(row.action, row.subject) for row in rows]


@pytest.fixture
async def scene(
    company: Company, make_settings: Callable[..., ApiSettings], make_house: Callable[..., House], tmp_path: Path
) -> AsyncIterator[Scene]:
    make_repository(tmp_path / "shop", [({".github/workflows/deploy.yml": WORKFLOW}, "1.0.0")])
    accounts = [{"login": "daytwo-bot", "token": token} for token in (FIRST, SECOND)]
    with start_standin(tmp_path, [{"full_name": "acme/shop", "path": tmp_path / "shop"}], tokens=accounts) as standin:
        github = {"backend": "github", "address": standin.url, "token": "secret://stored"}
        settings = make_settings(connections={"github": github})
        house = make_house(company, settings)
        yield Scene(house, settings, company.store, standin)
        await house.close()


async def test_it_is_set_used_replaced_and_never_shown(scene: Scene) -> None:
    logs = io.StringIO()
    configure_logging(process="tests", level="debug", stream=logs)
    source = scene.settings.source(scene.store)
    backend = build_backends(scene.settings, source, lambda *_: None, {"github": Spending()}, scene.store)["github"]
    life = build_life(scene.settings, scene.store, {"github": backend}, source)
    pat = await scene.house.signed_in("pat")
    said: list[str] = []
    try:
        with pytest.raises(BackendDenied, match="No credential is set for the connection github"):
            await backend.resolve(TARGET)
        for token in (FIRST, SECOND):
            answer = await pat.put("/api/v1/credentials/github", json={"credential": token})
            assert (answer.status_code, answer.text) == (204, "")
            source._kept.clear()  # a few seconds have passed
            pinned = await backend.resolve(TARGET)
            assert pinned.target == TARGET
            assert token in await life.masks("r_none", "github", Corr("a" * 20))  # type: ignore[arg-type]
        assert FIRST in await life.masks("r_none", "github", Corr("a" * 20)), "it may still stand in a log"  # type: ignore[arg-type]
        frozen = backend.freeze(pinned, {}, Corr("abcdefghij234567abcd"))
        assert isinstance(await backend.send(frozen, seconds=10), Accepted)

        [shown] = (await pat.get("/api/v1/credentials")).json()["items"]
        assert (shown["source"], shown["set_by"]["name"]) == ("stored", "Pat")
        said += [str(shown), (await pat.get("/api/v1/connections")).text, (await pat.get("/api/v1/audit")).text]
        assert await scene.audit() == [("credential.set", "connection:github")] * 2
        async with scene.store.read() as session:
            [row] = (await session.scalars(select(SecretRow))).all()
            assert row.sealed is not None
            assert SECOND.encode() not in row.sealed

        assert (await pat.delete("/api/v1/credentials/github")).status_code == 204
        source._kept.clear()
        before = len(scene.standin.control.ledger())
        sent = await backend.send(frozen, seconds=10)
        assert isinstance(sent, Refused), "nothing leaves without a credential, and that is known for sure"
        assert len(scene.standin.control.ledger()) == before
    finally:
        backend.close()
        configure_logging(process="tests", level="warning")
    for text in (*said, logs.getvalue()):
        assert FIRST not in text
    assert NOT_YET not in logs.getvalue()


async def test_what_is_no_credential_or_no_connection(scene: Scene) -> None:
    pat = await scene.house.signed_in("pat")
    said = problem(await pat.put("/api/v1/credentials/github", json={"credential": f"{FIRST}\n"}), 422)
    assert FIRST not in str(said)
    said = problem(await pat.put("/api/v1/credentials/github", json={"credential": [FIRST]}), 422)
    assert FIRST not in str(said)
    problem(await pat.put("/api/v1/credentials/other", json={"credential": FIRST}), 404)
    ana = await scene.house.signed_in("ana")
    problem(await ana.put("/api/v1/credentials/github", json={"credential": FIRST}), 403)
    assert await scene.audit() == []


def test_a_reference_may_have_a_name(make_settings: Callable[..., ApiSettings]) -> None:
    one = {"backend": "github", "token": "secrets.ci"}
    settings = make_settings(connections={"a": one, "b": one}, secret_names={"ci": "secret://env/CI_TOKEN"})
    assert {str(reference) for reference in settings.references().values()} == {"secret://env/CI_TOKEN"}
    assert settings.secrets() == ()
    with pytest.raises(SettingsRejected, match="has no such name"):
        make_settings(connections={"a": one}).references()


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"token": "secret://nowhere/x"}, "token"),
        ({"token": "ghp_a-token-itself"}, "token"),
        ({"token": "secret://env/A", "token_file": "t"}, "not both|only one"),
        ({}, "needs token_file"),
    ],
)
def test_settings_that_name_no_token_or_two(
    make_settings: Callable[..., Any], entry: dict[str, str], complaint: str
) -> None:
    for kind in ("github", "gitlab", "argo"):
        with pytest.raises(ValueError, match=complaint):
            make_settings(connections={"x": {"backend": kind, "address": "https://ci.example", **entry}})
