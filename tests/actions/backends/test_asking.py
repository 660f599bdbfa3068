"""Which lines of a script count as a claim fence: only those that end on a no, since who is fenced is sent again."""

import pytest

from daytwo_actions.backends.remarks import asks_us


@pytest.mark.parametrize(
    "text",
    [
        "acme/daytwo/claim@v1",
        "daytwo-claim",
        "set -e\ncurl -fsS -X POST https://d/api/v1/ci/claim\nmake",
        "curl -X POST \\\n  --fail-with-body \\\n  https://d/api/v1/ci/claim",
        "curl -sf https://d/api/v1/ci/claim || exit 1",
        "./ask https://d/api/v1/ci/claim  # first of all",
    ],
)
def test_what_asks_and_ends_on_a_no(text: str) -> None:
    assert asks_us(text)


@pytest.mark.parametrize(
    "text",
    [
        "make",
        "# curl -f https://d/api/v1/ci/claim",
        "make  # was: daytwo/claim",
        "curl https://d/api/v1/ci/claim",
        "curl -X POST -o /dev/null https://d/api/v1/ci/claim",
        "curl -f https://d/api/v1/ci/claim || true",
        "curl -f https://d/api/v1/ci/claim || exit 0",
        "curl -f \\\n https://d/api/v1/ci/claim \\\n || echo no",
        "echo /ci/claimed",
    ],
)
def test_what_goes_on_after_a_no_or_asks_nobody(text: str) -> None:
    assert not asks_us(text)
