"""Settings: where they come from, what is refused, and that a secret is never told."""

from collections.abc import Callable
from pathlib import Path

import pytest

from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_api.settings import ApiSettings
from daytwo_workflows.secret_files import SettingsRejected
from daytwo_workflows.settings import Settings

URL = "postgresql://me:hunter2@db/daytwo"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Write the file; the environment that names it."""
    (tmp_path / "key").write_bytes(b"k" * 32)
    (tmp_path / "token").write_text("ghp_abc\n")
    (tmp_path / "one").write_text("secret-1\n")
    (tmp_path / "two").write_text("secret-2")

    def written(text: str) -> dict[str, str]:
        (tmp_path / "daytwo.yaml").write_text(text)
        return {
            "DAYTWO_CONFIG": str(tmp_path / "daytwo.yaml"),
            "DAYTWO_DATABASE_URL": URL,
            "DAYTWO_SECRET_FILE": str(tmp_path / "key"),
            "DAYTWO_API_PORT": "8099",
            "DAYTWO_SOMETHING_ELSE": "is left alone",
        }

    return written


WHOLE = """\
public_url: http://127.0.0.1:8099
company: [catalog, /elsewhere/actions]
connections:
  github:
    backend: github
    address: http://127.0.0.1:4000
    token_file: token
    webhook_secret_files: [one, two]
sign_in: people
admins: group:platform
"""


def test_the_file_and_the_environment_together(write: Callable[[str], dict[str, str]], tmp_path: Path) -> None:
    settings = ApiSettings.read({**write(WHOLE), "DAYTWO_PROFILE": "test", "DAYTWO_TEMPORAL_ADDRESS": "t:1"})
    assert settings.company == (tmp_path / "catalog", Path("/elsewhere/actions"))
    assert (settings.api_port, settings.temporal_address, settings.temporal_namespace) == (8099, "t:1", "default")
    assert settings.windows.listing_lag.total_seconds() == 2
    assert settings.store.url.get_secret_value() == URL
    github = settings.backends()["github"]  # type: ignore[index]  # a literal name
    assert (github.base, github.token.get_secret_value()) == ("http://127.0.0.1:4000", "ghp_abc")
    assert [secret.get_secret_value() for secret in github.webhook_secrets] == ["secret-1", "secret-2"]
    assert settings.secrets() == ("ghp_abc", "secret-1", "secret-2")
    assert settings.page == "http://127.0.0.1:8099"
    assert (settings.https, settings.hosts) == (False, {"localhost", "127.0.0.1", "::1"})
    assert "hunter2" not in repr(settings)
    assert "ghp_abc" not in repr(settings)


def test_the_environment_wins(write: Callable[[str], dict[str, str]]) -> None:
    given = {**write(WHOLE), "DAYTWO_PUBLIC_URL": "https://d.example", "DAYTWO_COMPANY": "/a:/b"}
    given["DAYTWO_SIGN_IN"] = "tokens"
    settings = ApiSettings.read(given)
    assert settings.page == "https://d.example"
    assert settings.company == (Path("/a"), Path("/b"))
    assert settings.https
    assert settings.hosts == {"localhost", "127.0.0.1", "::1", "d.example"}


def test_a_worker_reads_the_same_file_and_needs_no_sign_in(write: Callable[[str], dict[str, str]]) -> None:
    assert Settings.read(write("company: []\n")).sign_in is None


def test_keys_are_apart_by_purpose_and_the_same_everywhere(write: Callable[[str], dict[str, str]]) -> None:
    one, two = Settings.read(write("")), Settings.read(write(""))
    assert one.key("markers") == two.key("markers") != one.key("sessions")
    assert len(one.key("markers")) == 32


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        (WHOLE, {"DAYTWO_DATABASE_URL": ""}, "database_url: field required (DAYTWO_DATABASE_URL, or"),
        (WHOLE, {"DAYTWO_DATABASE_URL": "mysql://hunter2"}, "database_url: has to begin with postgresql"),
        (WHOLE, {"DAYTWO_API_PORT": "none"}, "api_port: input should be a valid integer"),
        (WHOLE, {"DAYTWO_PROFILE": "fast"}, "profile: input should be 'default' or 'test'"),
        (WHOLE + "sign_inn: people\n", {}, "daytwo.yaml:11:1"),
        (WHOLE.replace("backend: github", "backend: jenkins"), {}, "daytwo.yaml:5:5"),
        (WHOLE.replace("    token_file: token\n", ""), {}, "connections.github: needs token_file, or app_id"),
        (WHOLE.replace("token_file: token", "app_id: 4711"), {}, "app_id and app_key_file belong together"),
        (WHOLE.replace("backend: github", "backend: jenkins"), {}, "connections.github.backend: has to be one of"),
        (WHOLE.replace("backend: github", "backend: argo"), {}, "connections.github.webhook_secret_files: tuple"),
        (WHOLE.replace("admins: group:platform", "admins: platform"), {}, "admins: string should match"),
        (WHOLE.replace("sign_in: people\n", ""), {}, "nobody could sign in"),
        (WHOLE, {"DAYTWO_API_HOST": "0.0.0.0"}, "`sign_in: people` lets anybody be anybody"),
        (WHOLE, {"DAYTWO_PUBLIC_URL": "https://daytwo.example"}, "refused with a `public_url` that others reach"),
        (WHOLE.replace("http://127.0.0.1:8099", "daytwo.example"), {}, "public_url: has to be an address"),
        ("a: [", {}, "daytwo.yaml:2:1: this is not YAML"),
        ("- a", {}, "has to be one YAML document of keys and values"),
        (WHOLE, {"DAYTWO_CONFIG": "/nowhere/daytwo.yaml"}, "cannot be read (FileNotFoundError)"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_without_its_value(
    write: Callable[[str], dict[str, str]], text: str, change: dict[str, str], expected: str
) -> None:
    with pytest.raises(SettingsRejected) as caught:
        ApiSettings.read({**write(text), **change})
    assert expected in caught.value.detail
    assert "Nothing was started" in caught.value.detail
    assert "hunter2" not in caught.value.detail


def test_everything_that_is_wrong_is_told_at_once(write: Callable[[str], dict[str, str]]) -> None:
    with pytest.raises(SettingsRejected) as caught:
        ApiSettings.read({**write("x: 1\nadmins: 2\n"), "DAYTWO_API_PORT": "-1", "DAYTWO_SECRET_FILE": ""})
    for name in ("x", "admins", "api_port", "secret_file"):
        assert f"- {name}: " in caught.value.detail


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("key", None, "The file that secret_file names cannot be read"),
        ("key", "k" * 31, "has 31 bytes; at least 32 random ones are needed"),
        ("token", None, "connections.github.token_file names cannot be read"),
        ("token", " \n", "connections.github.token_file names is empty"),
        ("token", "hunter2 hunter2", "The connection github cannot be used: token"),
        ("one", "", "webhook_secret_files names is empty"),
        ("token", "abc\n", "connections.github.token_file names has fewer than 4 characters"),
        ("one", "x", "webhook_secret_files names has fewer than 4 characters"),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_by_name(
    write: Callable[[str], dict[str, str]], tmp_path: Path, name: str, content: str | None, expected: str
) -> None:
    environment = write(WHOLE)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_text(content)
    settings = ApiSettings.read(environment)
    with pytest.raises(SettingsRejected) as caught:
        (settings.key("markers"), settings.backends())
    assert expected in caught.value.detail
    assert "hunter2" not in caught.value.detail


def test_strangers_are_served_only_with_tokens(write: Callable[[str], dict[str, str]]) -> None:
    text = WHOLE.replace("sign_in: people", "sign_in: tokens").replace("public_url: http://127.0.0.1:8099\n", "")
    settings = ApiSettings.read({**write(text), "DAYTWO_API_HOST": "0.0.0.0"})
    assert settings.hosts is None
    settings = ApiSettings.read(
        {**write(text), "DAYTWO_API_HOST": "0.0.0.0", "DAYTWO_PUBLIC_URL": "https://daytwo.example/"}
    )
    assert settings.hosts == {"daytwo.example"}
    assert settings.page == "https://daytwo.example"


def test_an_argo_server_in_the_file(write: Callable[[str], dict[str, str]], tmp_path: Path) -> None:
    text = WHOLE.replace("backend: github", "backend: argo").replace("    webhook_secret_files: [one, two]\n", "")
    given = write(text)
    argo = ApiSettings.read(given).backends()["github"]  # type: ignore[index]  # a literal name
    assert isinstance(argo, ArgoSettings)
    assert (argo.base, argo.shown) == ("http://127.0.0.1:4000", "http://127.0.0.1:4000")
    assert str(ApiSettings.read(given).references()["github"]) == f"in the file {tmp_path / 'token'}"
    lost = write(text.replace("    token_file: token\n", "    token_file: token\n    ca_file: nowhere.pem\n"))
    with pytest.raises(SettingsRejected, match=r"connections\.github\.ca_file names cannot be read"):
        ApiSettings.read(lost).backends()


def test_a_gitlab_with_all_its_secrets(write: Callable[[str], dict[str, str]], tmp_path: Path) -> None:
    signing = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    for name, text in [("t", "glpat-1"), ("trigger", "glptt-1"), ("signing", signing)]:
        (tmp_path / name).write_text(f"{text}\n")
    given = write(
        "connections:\n  gl:\n    backend: gitlab\n    address: http://127.0.0.1:1/gitlab\n    token_file: t\n"
        "    trigger_token_files: {acme/shop: trigger}\n    signing_token_files: [signing]\n    login: acme-bot\n"
        "sign_in: tokens\n"
    )
    settings = ApiSettings.read(given)
    assert set(settings.secrets()) == {"glpat-1", "glptt-1", signing}
    assert settings.backends()["gl"].base == "http://127.0.0.1:1/gitlab"  # type: ignore[index]  # a literal name
