"""The whole application on a real database with the example company, a CI system in memory, and no Temporal."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from api_house import House, NoTemporal
from company import Company, open_company
from databases import Databases
from event_senders import SIGNING
from freeze_town import NOW, Town
from pydantic import SecretStr

from daytwo_api.app import create_app
from daytwo_api.services.wiring import build_services
from daytwo_api.settings import ApiSettings
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.settings import StoreSettings

MakeSettings = Callable[..., ApiSettings]


def settings_for(database_url: str, folder: Path, **changes: object) -> ApiSettings:
    """Settings as `daytwo up` has them, with changes."""
    key = folder / "key"
    key.write_bytes(b"k" * 32)
    secret = folder / "token"
    secret.write_text("ghp_example\n")
    audit_key = folder / "audit-key"
    audit_key.write_text("1" * 64)
    signing = folder / "signing"
    signing.write_text(SIGNING)
    alerting = folder / "alerting"
    alerting.write_text("token-of-the-alerts")
    nowhere = folder / "nowhere"
    nowhere.write_text("json://127.0.0.1:1/token-of-a-chat")
    given: dict[str, object] = {
        "database_url": database_url,
        "secret_file": key,
        "audit_key_file": audit_key,
        "notifications": {"channels": {"nowhere": {"kind": "chat", "url_file": nowhere}}},
        "events": {
            "changes": {"secret_files": [signing], "key": "${{ event.change.number }}"},
            "alerts": {"token_files": [alerting]},
        },
        "sign_in": "people",
        "admins": "group:platform",
        "refusals_per_minute": 100_000,  # tests try one wrong token after the other; test_brute_force.py has the limit
        "requests_per_minute": 1_000_000,
        "connections": {"github": {"backend": "github", "address": "https://ci.example", "token_file": secret}},
    }
    return ApiSettings.model_validate(given | changes)


def build_house(company: Company, settings: ApiSettings) -> House:
    temporal = NoTemporal()
    services = build_services(settings, company.store, temporal, backends=company.life.backends)
    services.loading.done = True
    return House(create_app(services), services, company, temporal)


@pytest.fixture
def make_settings(tmp_path: Path, database_url: str) -> MakeSettings:
    def make(**changes: object) -> ApiSettings:
        return settings_for(database_url, tmp_path, **changes)

    return make


@pytest.fixture
async def company(store: Store) -> Company:
    return await open_company(store)


@pytest.fixture
def make_house() -> Callable[[Company, ApiSettings], House]:
    return build_house


@pytest.fixture
async def house(company: Company, make_settings: MakeSettings) -> AsyncIterator[House]:
    """A house of one's own."""
    opened = build_house(company, make_settings())
    yield opened
    await opened.close()


@pytest.fixture
async def town(database_url: str, make_settings: MakeSettings) -> AsyncIterator[Town]:
    clock = GivenClock(NOW)
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=5), clock=clock)
    house = build_house(await open_company(store), make_settings())
    yield Town(house, clock, {name: await house.signed_in(name) for name in ("ana", "sam", "pat", "ben", "fay")})
    await house.close()
    await store.close()


@pytest.fixture(scope="module")
async def shared(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house for the tests of one file that leave nothing behind that matters to the others."""
    url = databases.create(company=True)
    store = Store(StoreSettings(url=SecretStr(url), pool_size=4))
    opened = build_house(await open_company(store), settings_for(url, tmp_path_factory.mktemp("house")))
    yield opened
    await opened.close()
    await store.close()
    databases.drop(url)


@pytest.fixture(scope="session")
def make_company_house() -> Callable[[Store, str, Path], Awaitable[House]]:
    """For whoever has a loop of its own."""

    async def make(store: Store, url: str, folder: Path) -> House:
        return build_house(await open_company(store), settings_for(url, folder))

    return make
