"""Channels in the settings: everything that is wrong is said, and never an address or a secret."""

from pathlib import Path

import pytest

from daytwo_store.engine import Store
from daytwo_workflows.notify.texts import harmless, plain
from daytwo_workflows.secret_files import SettingsRejected
from daytwo_workflows.settings import Settings
from daytwo_workflows.wiring import build_notifier

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
GOOD = """
notifications:
  channels:
    sre-chat: { kind: chat, url_file: secrets/chat }
    mail: { kind: mail, url_file: secrets/mail, address: email }
    hooks: { kind: webhook, url_file: secrets/hooks, secret_files: [secrets/hooks-key] }
  routes:
    - { events: ["approval.*"], to: [group:sre], channels: [sre-chat] }
    - { events: ["*"], channels: [mail, hooks] }
  texts:
    approval.asked: { title: "${{ requester }} asks", body: "${{ link }}" }
"""
FILES = {
    "chat": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "mail": "mailtos://user:hunter2@mail.example.com?from=daytwo@example.com",
    "hooks": "https://hooks.example.com/hunter2",
    "hooks-key": SECRET,
}


def settings(folder: Path, text: str, **files: str) -> Settings:
    (folder / "secrets").mkdir()
    for name, content in {**FILES, **{name.replace("_", "-"): one for name, one in files.items()}}.items():
        (folder / "secrets" / name).write_text(content + "\n")
    (folder / "key").write_text("k" * 32)
    (folder / "daytwo.yaml").write_text(f"database_url: postgresql://x@localhost/x\nsecret_file: key\n{text}")
    return Settings.read({"DAYTWO_CONFIG": str(folder / "daytwo.yaml")})


@pytest.mark.anyio
async def test_channels_are_opened_from_files_beside_the_file(tmp_path: Path) -> None:
    read = settings(tmp_path, GOOD)
    store = Store(read.store)
    notifier = build_notifier(read, store, "test")
    assert sorted(notifier.channels) == ["hooks", "mail", "sre-chat"]
    assert "hunter2" not in repr(read)
    await store.close()


WRONG = {
    "an event that there is not": (GOOD.replace('["approval.*"]', '["approval.asled"]'), "there is no event"),
    "a channel that there is not": (GOOD.replace("[sre-chat]", "[sre]"), "route 1 names the channel sre"),
    "a name that there is not": (GOOD.replace("requester }}", "requestor }}"), "there is no requestor"),
    "a text that is none": (GOOD.replace("${{ link }}", "${{ link"), "texts.approval.asked.body"),
    "a text of no event": (GOOD.replace("approval.asked:", "approval.asled:"), "no such event"),
    "an unknown key": (GOOD.replace("address: email", "adress: email"), "adress"),
    "an address in the file itself": (GOOD.replace("url_file: secrets/chat", "url: slack://x"), "url"),
    "a webhook without a secret": (GOOD.replace(", secret_files: [secrets/hooks-key]", ""), "secret_files"),
    "a recipient that is none": (GOOD.replace("group:sre", "everybody"), "routes.0.to"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_when_the_settings_are_read(tmp_path: Path, name: str) -> None:
    text, said = WRONG[name]
    with pytest.raises(SettingsRejected) as refused:
        settings(tmp_path, text)
    assert said in refused.value.detail
    assert "hunter2" not in refused.value.detail


FILES_THAT_ARE_WRONG = {
    "no address of a chat": {"chat": "hunter2"},
    "an unknown service": {"chat": "nosuch://hunter2"},
    "a chat in place of a mail server": {"mail": "slack://T1JJ3T3L2/A1BRTD4JD/hunter2"},
    "a webhook in clear text": {"hooks": "http://hooks.example.com/hunter2"},
    "a webhook with a password": {"hooks": "https://user:hunter2@hooks.example.com"},
    "a webhook to a file": {"hooks": "file:///etc/hunter2"},
    "a secret that is none": {"hooks_key": "whsec_hunter2!"},
    "an empty file": {"hooks_key": ""},
}


@pytest.mark.parametrize("name", FILES_THAT_ARE_WRONG)
def test_what_is_wrong_in_a_file_is_said_without_what_is_in_it(tmp_path: Path, name: str) -> None:
    read = settings(tmp_path, GOOD, **FILES_THAT_ARE_WRONG[name])
    store = Store(read.store)
    with pytest.raises(SettingsRejected) as refused:
        build_notifier(read, store, "test")
    assert "notifications.channels." in refused.value.detail
    assert "Nothing was started." in refused.value.detail
    assert "hunter2" not in refused.value.detail


@pytest.mark.parametrize(
    "typed",
    ["<!here>", "<@U123>", "[a](https://x.y)", "https://x.y", "www.x.y", "@all", "**b**", "`c`", "<b>", "&lt;", "#ch"],
)
def test_what_a_chat_would_read_as_markup_is_shown_and_does_nothing(typed: str) -> None:
    assert typed not in harmless(typed)
    assert harmless(typed).replace("\u200b", "") == typed


def test_a_value_is_one_line_without_control_characters() -> None:
    assert plain("a\r\nBcc: b\x00\x1b[2J\u2028c\u202ed") == "a Bcc: b [2J c d"
    assert len(plain("x" * 5000)) == 300
