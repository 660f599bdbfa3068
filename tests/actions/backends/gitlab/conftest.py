from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from daytwo_actions.backends.gitlab.backend import GitLabBackend
from daytwo_actions.backends.gitlab.settings import GitLabSettings

TOKEN = "glpat-0123456789SECRETTOKEN"


@pytest.fixture
def connect(observed: Any) -> Iterator[Callable[..., GitLabBackend]]:
    """Makes backends for an address, with settings over the usual ones, and closes them."""
    made: list[GitLabBackend] = []

    def start(base: str, **settings: Any) -> GitLabBackend:
        chosen = {"name": "gitlab", "login": "acme-bot", "token": SecretStr(TOKEN)} | settings
        made.append(GitLabBackend(GitLabSettings(base=base, **chosen), observe=observed))
        return made[-1]

    yield start
    for backend in made:
        backend.close()


@pytest.fixture
def token() -> str:
    return TOKEN
