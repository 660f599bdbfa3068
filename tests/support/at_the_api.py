"""The command line in front of the real API, in this process, with a company in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from api_house import House, NoTemporal
from company import Company
from served import served

from daytwo_api.app import create_app
from daytwo_api.services.wiring import build_services
from daytwo_api.settings import ApiSettings


@asynccontextmanager
async def at_the_api(
    company: Company, database_url: str, folder: Path, name: str, *scopes: str
) -> AsyncIterator[dict[str, str]]:
    """The environment of that person, who has a token with these scopes."""
    (folder / "key").write_bytes(b"k" * 32)
    (folder / "token").write_text("ghp_example")
    github = {"backend": "github", "address": "https://ci.example", "token_file": folder / "token"}
    given = {"database_url": database_url, "secret_file": folder / "key", "connections": {"github": github}}
    settings = ApiSettings.model_validate({**given, "sign_in": "people", "admins": "group:platform"})
    temporal = NoTemporal()
    services = build_services(settings, company.store, temporal, backends=company.life.backends)
    services.loading.done = True
    house = House(create_app(services), services, company, temporal)
    token = (await house.token(name, *scopes)).headers["Authorization"].removeprefix("Bearer ")
    async with served(house.app) as (url, _):
        yield {"DAYTWO_URL": url, "DAYTWO_TOKEN": token}
    await house.close()
