"""Placeholders for secrets, and debugging, are for one's own machine."""

import json
import secrets
import subprocess
import sys
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


@pytest.mark.parametrize("secret", ["client-secret", "CHANGEME\n"])
def test_a_placeholder_for_the_secret_of_the_identity_provider(make: Make, tmp_path: Path, secret: str) -> None:
    (tmp_path / "client").write_text(secret)
    oidc = {"issuer": "https://id.example", "client_id": "daytwo", "client_secret_file": tmp_path / "client"}
    settings = make(sign_in="oidc", oidc=oidc, public_url="https://daytwo.example")
    with pytest.raises(SettingsRejected, match=r"oidc\.client_secret_file is a placeholder\. Nothing was started"):
        must_be_fit(settings, {})
    (tmp_path / "client").write_text(RANDOM)
    must_be_fit(settings, {})


def test_debugging_by_an_option_of_python(make: Make) -> None:
    """`python -X dev` leaves nothing in the environment."""
    told = "from daytwo_api.fitness import must_be_fit; from daytwo_api.settings import ApiSettings; import sys; "
    told += "must_be_fit(ApiSettings.model_validate_json(sys.stdin.read()), {})"
    given = {"database_url": "postgresql:///x", "secret_file": str(make().secret_file), "sign_in": "tokens"}
    for options, refused in (([], False), (["-X", "dev"], True)):
        done = subprocess.run(
            [sys.executable, *options, "-c", told], input=json.dumps(given), capture_output=True, text=True, check=False
        )
        assert ("debugging is on" in done.stderr) is refused, done.stderr
        assert (done.returncode != 0) is refused


@pytest.mark.parametrize("name", ["PYTHONDEVMODE", "PYTHONASYNCIODEBUG"])
def test_debugging(make: Make, name: str) -> None:
    with pytest.raises(SettingsRejected, match="debugging is on"):
        must_be_fit(make(), {name: "1"})
    must_be_fit(make(), {name: ""})
