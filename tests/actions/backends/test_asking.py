"""Which scripts count as a claim fence: those that ask first and end on a no, since who is fenced is sent again."""

import pytest

from daytwo_actions.backends.asking import asks_us, is_claim

DOOR = "https://d/api/v1/ci/claim"


@pytest.mark.parametrize(
    "text",
    [
        f"set -e\ncurl -fsS -X POST {DOOR}\nmake",
        f"curl -X POST \\\n  --fail-with-body \\\n  {DOOR}",
        f"curl -sf {DOOR} || exit 1",
        f"#!/bin/sh\n# asks first\n\ncd w\nexport D=https://d X=1\nset -euo pipefail\ncurl -f {DOOR}  # first",
        'curl -sf -H "Authorization: Bearer $DAYTWO_TOKEN" --data "{}" "${DAYTWO%/}/api/v1/ci/claim" >/dev/null 2>&1',
        "curl -f ${{ vars.DAYTWO }}/api/v1/ci/claim",
        "curl -f $[[ inputs.daytwo ]]/api/v1/ci/claim",
        "curl -f {{workflow.parameters.daytwo}}/api/v1/ci/claim",
        f"wget -qO- {DOOR}",
        "bash ci/daytwo-claim/ask.sh claim\n./deploy.sh",
        "DAYTWO_SECONDS=9 bash -eu ci/daytwo-claim/ask.sh claim",
        "./ci/daytwo-claim",
        'git clone --quiet --depth 1 "$REPOSITORY" source\ncd source\nbash ci/daytwo-claim/ask.sh claim # first',
        f"apk add --no-cache bash curl\ncurl -f {DOOR}",
        f"apt-get update -qq\napt-get install -y curl\ncurl -f {DOOR}",
        "bash /daytwo-claim/ask.sh claim",
        "sh -e .github/daytwo/claim.sh https://d",
    ],
)
def test_what_asks_and_ends_on_a_no(text: str) -> None:
    assert asks_us(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "make",
        f"# curl -f {DOOR}",
        "make  # was: daytwo/claim",
        f"curl {DOOR}",
        f"curl -X POST -o /dev/null {DOOR}",
        f"curl -of {DOOR}",
        f"curl -f {DOOR} || true",
        f"curl -f {DOOR} || exit 0",
        f"curl -f {DOOR} || exit 256",
        f"curl -f \\\n {DOOR} \\\n || echo no",
        "echo /ci/claimed",
    ],
)
def test_what_goes_on_after_a_no_or_asks_nobody(text: str) -> None:
    assert not asks_us(text)


@pytest.mark.parametrize(
    "text",
    [
        f"./deploy.sh\ncurl --fail {DOOR}",
        "./deploy.sh\nbash ci/daytwo-claim/ask.sh claim",
        f"# well \\\n./deploy.sh\ncurl -f {DOOR}",
        f"./deploy.sh; curl -f {DOOR}",
        f"./deploy.sh && curl -f {DOOR}",
        f"X=$(./deploy.sh)\ncurl -f {DOOR}",
        f"X=`./deploy.sh`\ncurl -f {DOOR}",
        f'curl -f -d "$(./deploy.sh)" {DOOR}',
        f"curl -f -d @<(./deploy.sh) {DOOR}",
        f"cat <<END\nX=1\nEND\ncurl -f {DOOR}",
        f"set -e; ./deploy.sh\ncurl -f {DOOR}",
        f"cd work && ./deploy.sh\ncurl -f {DOOR}",
        f"git clone -c core.sshCommand=./deploy.sh x\ncurl -f {DOOR}",
        f"git push\ncurl -f {DOOR}",
        f"apk add curl && ./deploy.sh\ncurl -f {DOOR}",
        f"apk del curl\ncurl -f {DOOR}",
        f"apt-get install -y $(./deploy.sh)\ncurl -f {DOOR}",
    ],
)
def test_what_works_and_then_asks_is_no_fence(text: str) -> None:
    assert not asks_us(text)


@pytest.mark.parametrize(
    "text",
    [
        "echo 'no daytwo-claim yet'\n./deploy.sh",
        "echo daytwo-claim",
        f"echo curl -f {DOOR}",
        f"./ask {DOOR}",
        f"bash -c 'curl -f {DOOR} || true'",
        "./deploy.sh --after daytwo-claim",
        "bash ci/daytwo-claim/ask.sh report",
        "bash ci/daytwo-claim/deploy.sh",
        f"if curl -f {DOOR}; then echo yes; fi",
        f"! curl -f {DOOR}",
        f"set +e\ncurl -f {DOOR}\n./deploy.sh",
        f"curl -f {DOOR} | tee log",
        f"curl -f {DOOR} &\n./deploy.sh",
        f"curl -f {DOOR} https://d/health",
        "curl -f -d /ci/claim https://d/api/v1/ci/report",
        "curl -f 'https://d/api/v1/ci/claim",
    ],
)
def test_what_names_the_claim_and_does_not_end_by_it_is_no_fence(text: str) -> None:
    assert not asks_us(text)


def test_a_shell_that_goes_on_after_a_failure_has_to_be_told_to_stop() -> None:
    assert not asks_us(f"curl -f {DOOR}\nmake", stops=False)
    assert asks_us(f"curl -f {DOOR}", stops=False), "the script's end is the command's"
    assert asks_us(f"curl -f {DOOR} || exit 1\nmake", stops=False)
    assert asks_us(f"set -eu\ncurl -f {DOOR}\nmake", stops=False)
    assert not asks_us(f"set -u\ncurl -f {DOOR}\nmake", stops=False)


@pytest.mark.parametrize(
    "name",
    [
        "acme/daytwo/claim@v1",
        "acme/daytwo/actions/library/claim@v1",
        "daytwo-claim",
        "$CI_SERVER_FQDN/a/daytwo-claim@1",
    ],
)
def test_names_of_the_claim(name: str) -> None:
    assert is_claim(name)


@pytest.mark.parametrize(
    "name", ["acme/daytwo/report@v1", "acme/claim@v1", "acme/daytwo/reclaim@v1", "daytwo-claims", "acme/day/two/claim"]
)
def test_other_names(name: str) -> None:
    assert not is_claim(name)
