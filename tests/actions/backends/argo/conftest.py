"""Backends for a scripted Argo Server, and workflows as it would show them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from daytwo_actions.backends.argo.backend import ArgoBackend
from daytwo_actions.backends.argo.settings import ArgoSettings

TOKEN = "eyJhbGciOi.SECRETTOKEN.abc-def_123"


@pytest.fixture
def connect(observed: Any) -> Callable[..., ArgoBackend]:
    """Makes backends for an address, with settings over the usual ones."""

    def start(base: str, **settings: Any) -> ArgoBackend:
        chosen = {"name": "argo", "token": SecretStr(TOKEN)} | settings
        return ArgoBackend(ArgoSettings(base=base, **chosen), observe=observed)

    return start


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def sample() -> Callable[[str], bytes]:
    """A file of the vendor's."""
    return lambda name: (Path(__file__).parent / "samples" / name).read_bytes()
