"""A life on a real database with a CI system in memory and the example company loaded."""

import pytest
from company import Company, open_company

from daytwo_store.engine import Store


@pytest.fixture
async def company(store: Store) -> Company:
    return await open_company(store)
