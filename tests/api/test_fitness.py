"""Placeholders for secrets, and debugging, are for one's own machine."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from daytwo_api.fitness import must_be_fit
from daytwo_api.settings import ApiSettings
from daytwo_workflows.secret_files import SettingsRejected

Make = Callable[..., ApiSettings]
RANDOM = secrets.token_hex(32)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def settings(key: str = RANDOM, **changes: object) -> ApiSettings:
        (tmp_path / "key").write_text(key)
        given = {"database_url": "postgresql:///x", "secret_file": tmp_path / "key", "sign_in": "tokens"}
        return ApiSettings.model_validate(given | changes)

    return settings


@pytest.mark.parametrize(
    "key",
    ["k" * 32, "0" * 64, "changeme" * 4, "correct-horse-battery-" * 2, f"{RANDOM[:20]}changeme{RANDOM}", "ab" * 32],
    ids=("one letter", "zeros", "a placeholder", "a phrase twice", "a placeholder within", "two letters"),
)
def test_a_key_that_is_not_random(make: Make, key: str) -> None:
    with pytest.raises(SettingsRejected, match=r"not random\. Nothing was started"):
        must_be_fit(make(key), {})
    must_be_fit(make(key, sign_in="people"), {})


@pytest.mark.parametrize("password", ["postgres", "Password", "change%6De"])
def test_a_password_that_everybody_tries(make: Make, password: str) -> None:
    with pytest.raises(SettingsRejected, match="everybody would try first") as refused:
        must_be_fit(make(database_url=SecretStr(f"postgresql://u:{password}@db/x")), {})
    assert password not in str(refused.value)


@pytest.mark.parametrize("name", ["PYTHONDEVMODE", "PYTHONASYNCIODEBUG"])
def test_debugging(make: Make, name: str) -> None:
    with pytest.raises(SettingsRejected, match="debugging is on"):
        must_be_fit(make(), {name: "1"})
    must_be_fit(make(), {name: ""})
