"""openapi.json under schemathesis, every check on: what it allows and what it does not, and along its links.

The tool itself runs, as somebody who has only the document would run it, against the house on a real port: examples,
the borders of every schema, random ones, chains of requests by links. It takes minutes, so `make security` runs this
and `make test` does not: hence its name.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from anyio.from_thread import start_blocking_portal
from api_house import House
from databases import Databases
from pydantic import SecretStr
from served import served

from daytwo_api.openapi import document
from daytwo_store.engine import Store
from daytwo_store.settings import StoreSettings

ENDLESS: Final = ("/api/v1/events", "/api/v1/runs/{run}/events")
EXAMPLES: Final = 5  # of each operation, and as many chains
SCOPES: Final = {"pat": ("read", "run", "approve", "admin"), "ana": ("read", "run"), "sam": ("read", "approve")}
_TRIED: Final = re.compile(r"(\d[\d,]*) generated")


@dataclass(frozen=True)
class Served:
    url: str
    tokens: dict[str, str]  # by name


@pytest.fixture(scope="module")
def there(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory, make_company_house: Callable[..., Any]
) -> Iterator[Served]:
    """A house in a loop of its own, since schemathesis waits for answers."""
    url = databases.create()

    @asynccontextmanager
    async def opened() -> Any:
        store = Store(StoreSettings(url=SecretStr(url), pool_size=8))
        house: House = await make_company_house(store, url, tmp_path_factory.mktemp("fuzzed"))
        tokens = {name: (await house.token(name, *which)).headers["Authorization"] for name, which in SCOPES.items()}
        await house.company.ask("ana", "1.1.0", "production")
        await house.company.through(await house.company.ask("ana", "1.0.0", "staging"))
        async with served(house.app) as (address, _):
            yield Served(address, tokens)
        await house.close()
        await store.close()

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(opened()) as made:
        yield made
    databases.drop(url)


def of_a_program() -> dict[str, Any]:
    """Which has a token and no cookie: a cookie beside a good token counts for nothing, and the tool tries that."""
    described = document()
    for path in described["paths"].values():
        for operation in path.values():
            operation["security"] = [one for one in operation.get("security", []) if "session" not in one]
    return described


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("name", ["pat", "ana", "sam"])
def test_every_answer_is_as_the_contract_says(
    there: Served, name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    contract = tmp_path / "openapi.json"
    contract.write_text(json.dumps(of_a_program()))
    report = tmp_path / "report.json"
    tool = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [
            *(str(tool), "--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
            *("run", str(contract), "--url", there.url, "--checks", "all", "--mode", "all"),
            *("--header", f"Authorization: {there.tokens[name]}", "--max-examples", str(EXAMPLES)),
            *("--seed", "7", "--generation-deterministic", "--continue-on-failure"),
            *("--suppress-health-check", "all", "--no-color", "--report-json-path", str(report)),
            *(part for path in ENDLESS for part in ("--exclude-path", path)),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=2300,
        check=False,
    )
    tried = _TRIED.search(done.stdout)
    assert tried is not None, done.stdout[-4000:] + done.stderr[-2000:]
    record_property("inputs", int(tried[1].replace(",", "")))
    assert done.returncode == 0, done.stdout[-20_000:]
