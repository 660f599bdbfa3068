"""A stage to play tests of actions on, one for all tests of a file."""

from collections.abc import AsyncIterator

import pytest
from databases import Databases

from daytwo_workflows.action_tests.server import skipping_server
from daytwo_workflows.action_tests.stage import Stage


@pytest.fixture(scope="module")
async def stage(databases: Databases) -> AsyncIterator[Stage]:
    async with skipping_server() as server:
        made = Stage(server, databases.server.url)
        yield made
        await made.clear()
