"""Names, details and messages of a CI system are masked before they are cut, where they are kept."""

import json
from pathlib import Path

import pytest

from daytwo_actions.backends.argo.wire.nodes import tree_of
from daytwo_actions.backends.argo.wire.objects import Workflow
from daytwo_actions.backends.argo.wire.runs import state_of
from daytwo_actions.backends.tree import Artifact
from daytwo_actions.masking import encodings_of
from daytwo_store.ids import StepPath
from daytwo_workflows.life.trees import artifacts_json, tree_json
from daytwo_workflows.life.vendor_words import WITHHELD, VendorWords, cut

SAMPLES = Path(__file__).parents[1] / "actions" / "backends" / "argo" / "samples"
SAMPLE = "workflow.failed.steps.json"
SECRET = "Tr0ub4dor/7+canary=&x"
KEY = "-----BEGIN CANARY-----\nMIIEcanaryline1\nAgEAcanaryline2\n-----END CANARY-----"


def argo() -> Workflow:
    """A container that failed with FallbackToLogsOnError: what it printed last is the message of its node, and of all
    that it is in. A loop names its nodes by their items."""
    document = json.loads((SAMPLES / SAMPLE).read_text())
    message = "x" * 270 + f" password={SECRET}\r\n{KEY}\nand so on"
    document["status"]["message"] = message
    for node in document["status"]["nodes"].values():
        node["message"] = message
        node["displayName"] = "y" * 95 + f"(0:{SECRET})"
    return Workflow.model_validate(document, strict=False)


def forms() -> set[str]:
    """Of the secrets, whole and as the beginnings that a cut would leave."""
    whole = {form for secret in (SECRET, KEY) for form in encodings_of(secret)}
    return whole | {SECRET[:5], "MIIEcanary", "BEGIN CANARY"}


def test_what_a_container_of_argo_printed_last_is_masked() -> None:
    words, workflow = VendorWords((SECRET, KEY)), argo()
    kept = json.dumps(tree_json(StepPath("ship"), tree_of(workflow, page="https://argo.example"), words=words))
    state = state_of(workflow, page="https://argo.example")
    kept += words.line(state.detail)
    assert "password=***" in kept
    assert [form for form in forms() if form in kept] == []
    assert len(words.line(state.detail)) <= 300


def test_without_the_masks_nothing_of_them_is_kept() -> None:
    words = VendorWords(None)
    tree = tree_json(StepPath("ship"), tree_of(argo(), page="https://argo.example"), words=words)
    assert {one["detail"] for one in tree} == {one["name"] for one in tree} == {WITHHELD}
    assert words.notes([SECRET]) == []


@pytest.mark.parametrize(
    "text",
    [
        f"\x1b[31m{SECRET[:6]}\x1b[0m{SECRET[6:]}",  # a colour in its middle
        "a\x00" + SECRET + "\x00b",
        SECRET[::-1],
        KEY.replace("\n", "\r\n"),
        " ".join(KEY.split()),
        "z" * 295 + SECRET,
    ],
)
def test_however_it_stands_there(text: str) -> None:
    words = VendorWords((SECRET, KEY))
    words.learn(["before", text, "after"])
    assert (words.line("before"), words.line("after")) == ("before", "after")
    assert [form for form in forms() | {SECRET[::-1]} if form in words.line(text)] == []
    assert "***" in words.line(text) or text.startswith("z")


def test_what_holds_no_secret_stays_and_is_cut_to_one_line() -> None:
    words = VendorWords((SECRET,))
    assert words.line(" Failed:\n exit code 1\x07 ") == cut(" Failed:\n exit code 1\x07 ") == "Failed:  exit code 1"
    assert words.line("w" * 400) == cut("w" * 400) == "w" * 300
    left = [Artifact(name=f"{SECRET}.txt", size=1, url=None, expires_at=None)]
    assert artifacts_json(left, words)[0]["name"] == "***.txt"
