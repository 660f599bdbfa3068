"""`daytwo run deploy`, played at a terminal against the real API: the form's own titles, choices and checks."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from at_the_api import at_the_api
from company import Company, open_company

from daytwo_store.engine import Store
from daytwo_store.ids import RunId

pytestmark = pytest.mark.anyio
Play = Callable[[Sequence[str]], Awaitable[Any]]


@pytest.fixture
async def company(store: Store) -> Company:
    return await open_company(store)


@pytest.fixture
async def play(company: Company, database_url: str, tmp_path: Path, cli: Any) -> AsyncIterator[Play]:
    """Types these lines into `daytwo run deploy --entity service:shop`, as Ana."""
    async with at_the_api(company, database_url, tmp_path, "ana", "read", "run") as environment:
        arguments = ("run", "deploy", "--entity", "service:shop")

        async def typed(lines: Sequence[str]) -> Any:
            return await anyio.to_thread.run_sync(lambda: cli(*arguments, typed=lines, environment=environment))

        yield typed


async def test_tags_an_entity_a_refused_answer_and_a_field_that_appears(play: Play, company: Company) -> None:
    done = await play(["9.9", "1.1", "Production", "x" * 2001, "customers wait", "as agreed", "y"])
    assert done.code == 0, done.err
    run = await company.run(RunId(done.out.strip()))
    assert run.inputs == {"version": "1.1.0", "environment": "environment:production", "reason": "customers wait"}
    assert (run.state, run.comment) == ("waiting_approval", "as agreed")
    told = done.err.split("Version: A tag of the service's repository.\n")[1]
    in_order = (
        "1  1.0.0",  # the tags of the repository, of the CI system
        "Nothing is offered for '9.9'.",
        "→ 1.1.0",
        "1  Production (environment:production)",
        "2  Staging (environment:staging)",
        "Reason: What the approver should know.",
        "Reason (optional, Enter to skip): Reason needs at most 2000 characters",
        "github runs deploy.yml of acme/shop at main (cccccccccccc) with version=1.1.0, environment=production",
        "needs the approval of one of group:sre",
    )
    places = [told.find(words) for words in in_order]
    assert places == sorted(places), told
    assert -1 not in places, told


async def test_a_field_that_is_not_shown_is_not_asked_for(play: Play, company: Company) -> None:
    done = await play(["1.2.0", "2", "y"])
    assert done.code == 0, done.err
    assert (await company.run(RunId(done.out.strip()))).inputs == {
        "version": "1.2.0",
        "environment": "environment:staging",
    }
    assert "Reason" not in done.err
