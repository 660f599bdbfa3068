from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_actions.backends.github.settings import GitHubSettings

TOKEN = "ghs_0123456789SECRETTOKENabcdef"


@pytest.fixture
def connect(observed: Any) -> Iterator[Callable[..., GitHubBackend]]:
    """Makes backends for an address, with settings over the usual ones, and closes them."""
    made: list[GitHubBackend] = []

    def start(base: str, **settings: Any) -> GitHubBackend:
        credential = {} if "app" in settings else {"token": SecretStr(TOKEN), "login": "acme-bot"}
        chosen = {"name": "github"} | credential | settings
        made.append(GitHubBackend(GitHubSettings(base=base, **chosen), observe=observed))
        return made[-1]

    yield start
    for backend in made:
        backend.close()


@pytest.fixture
def token() -> str:
    return TOKEN
