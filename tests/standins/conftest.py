"""A stand-in for all tests of this folder, with repositories, workflow files and a receiver of webhooks."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from github import Auth, Github
from github.Repository import Repository

from daytwo_standins.github.testing import RunningStandin, eventually, make_repository, start_standin

TOKEN = "standin-token-of-the-bot"
READER = "standin-token-of-the-reader"
NARROW = "standin-token-of-somebody-with-one-repository"
SECRET = "a secret of the webhook"
TOKENS = [
    {"login": "daytwo-bot", "token": TOKEN, "type": "Bot"},
    {"login": "reader", "token": {"env": "TEST_READER_TOKEN"}, "permissions": ["read"]},
    {"login": "narrow", "token": NARROW, "repositories": ["acme/instant"]},
]

BUILD = """\
name: Build
run-name: "Build ${{ inputs.version }} by ${{ github.actor }} [${{ inputs.daytwo_run }}] ${{ format('{0}', 1) }}"
on:
  workflow_dispatch:
    inputs:
      version: {type: string, required: true}
      mode: {type: choice, options: [fast, slow], default: fast}
      dry: {type: boolean, default: false}
      count: {type: number, default: 3}
      where: {type: environment}
      daytwo_run: {type: string, default: ''}
jobs:
  test:
    name: Test ${{ inputs.mode }}
    runs-on: ubuntu-latest
    outputs:
      number: ${{ steps.count.outputs.number }}
    steps:
      - uses: actions/checkout@v4
        with: {ref: "${{ inputs.version }}", path: app, fetch-depth: 0}
      - name: Count
        id: count
        env: {VERSION: "${{ inputs.version }}"}
        run: |
          echo "found $(cat app/VERSION) for $VERSION, root=${{ vars.ROOT }}, attempt=$GITHUB_RUN_ATTEMPT"
          echo "number=7" >> "$GITHUB_OUTPUT"
          echo "::group::Details"
          env | grep -c STANDIN_CANARY || true
          echo "::endgroup::"
          mkdir -p out && cp app/VERSION out/
      - if: ${{ inputs.dry }}
        run: echo only when dry
      - uses: actions/upload-artifact@v4
        with: {name: report, path: out}
  deploy:
    needs: test
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/download-artifact@v4
        with: {name: report, path: got}
      - name: Check
        env: {COUNT: "${{ needs.test.outputs.number }}", WANTED: "${{ inputs.version }}"}
        run: |
          echo "got $(cat got/VERSION) and $COUNT at $(cat VERSION), clean=$(git status --porcelain app | wc -l)"
          if [ "$WANTED" = 1.0.0 ] && [ "$GITHUB_RUN_ATTEMPT" = 1 ]; then
            echo "::error title=Setting,file=VERSION,line=1::the setting CART_URL is missing"
            exit 3
          fi
      - run: echo "deployed"
  after:
    needs: deploy
    runs-on: ubuntu-latest
    steps: [{run: echo after}]
"""

GATED = """\
name: Gated
on:
  workflow_dispatch:
    inputs:
      gate: {type: string, required: true}
      stubborn: {type: boolean, default: false}
jobs:
  wait:
    runs-on: ubuntu-latest
    steps:
      - name: Wait
        env: {GATE: "${{ inputs.gate }}"}
        run: |
          echo $$ > "$GATE.pid"
          until [ -e "$GATE" ]; do sleep 0.05; done
          echo ran >> "$GATE.done"
      - name: Clean up
        if: always()
        env: {GATE: "${{ inputs.gate }}", STUBBORN: "${{ inputs.stubborn }}"}
        run: |
          for try in $(seq 300); do  # a busy machine may take its time to bury it
            kill -0 "$(cat "$GATE.pid")" 2>/dev/null || break
            sleep 0.1
          done
          kill -0 "$(cat "$GATE.pid")" 2>/dev/null && touch "$GATE.survived"
          touch "$GATE.cleaned"
          if [ "$STUBBORN" = true ]; then while true; do sleep 0.1; done; fi
  next:
    needs: wait
    runs-on: ubuntu-latest
    steps: [{run: echo next}]
"""

NOISY = """\
name: Noisy
on: workflow_dispatch
jobs:
  loud:
    runs-on: ubuntu-latest
    strategy:
      fail-fast: false
      matrix: {number: [1, 2, 3, 4, 5, 6, 7, 8]}
    steps:
      - name: Speak and fail
        run: |
          for line in $(seq 1 300); do echo "line $line"; done
          echo "::error::the reason"
          printf "the last words"
          exit 4
      - if: always()
        run: bash -c 'false' || echo "an inner shell may fail"
"""

QUIET = """\
name: Quiet
on: workflow_dispatch
jobs:
  shell:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo 'error: shown before it runs' > /dev/null
          bash -c no-such-tool || exit 1
  python:
    runs-on: ubuntu-latest
    steps:
      - run: |
          python3 -c '
          try:
              raise KeyError(3)
          finally:
              print("0 errors")
          '
  npm:
    runs-on: ubuntu-latest
    steps: [{run: "echo 'npm ERR! missing script: check'; exit 1"}]
  nothing:
    runs-on: ubuntu-latest
    steps: [{run: exit 1}]
"""

FOREIGN = """\
name: Foreign
on: workflow_dispatch
jobs:
  stranger:
    runs-on: ubuntu-latest
    steps:
      - uses: somebody/something@v1
  local:
    name: Local for ${{ vars.ROOT }}
    runs-on: [self-hosted, linux]
    steps:
      - uses: actions/checkout@v4
      - uses: ./tools/greet
        with: {whom: Ana}
"""

GREET = """\
name: Greet
inputs: {whom: {required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {WHOM: "${{ inputs.whom }}"}
      run: echo "hello $WHOM"
"""

GROUPED = GATED.replace("name: Gated", "name: Grouped\nconcurrency: deploy-${{ github.ref_name }}")
PUSHED = "name: Pushed\non: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps: [{run: echo}]\n"
PLAIN = (
    "name: Plain\nrun-name: 'Plain [${{ inputs.daytwo_run }}]'\n"
    "on:\n  workflow_dispatch:\n    inputs:\n      daytwo_run: {type: string, default: ''}\n"
    "jobs:\n  one:\n    runs-on: ubuntu-latest\n    steps: [{run: echo}]\n"
)
WORKFLOWS = {
    ".github/workflows/build.yml": BUILD,
    ".github/workflows/foreign.yml": FOREIGN,
    ".github/workflows/gated.yml": GATED,
    ".github/workflows/grouped.yml": GROUPED,
    ".github/workflows/noisy.yml": NOISY,
    ".github/workflows/plain.yml": PLAIN,
    ".github/workflows/pushed.yml": PUSHED,
    ".github/workflows/quiet.yml": QUIET,
    "tools/greet/action.yml": GREET,
}


@dataclass
class Receiver:
    """What has arrived at the webhook's address: (headers in lower case, raw body)."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def of(self, run_id: int) -> list[tuple[str, dict[str, Any]]]:
        """Event and body of everything about one run."""
        # GitLab's stand-in tells the same address in this session.
        github = [(headers, raw) for headers, raw in list(self.got) if "x-github-event" in headers]
        bodies = [
            (headers["x-github-event"], json.loads(raw)) for headers, raw in github if raw
        ]  # others have had empty ones sent
        return [(event, body) for event, body in bodies if _run_of(body) == run_id]


def _run_of(body: dict[str, Any]) -> int:
    if "workflow_run" in body:
        return int(body["workflow_run"]["id"])
    return int(body["workflow_job"]["run_id"])


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """A server that takes every webhook."""
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            received.got.append(({name.lower(): value for name, value in self.headers.items()}, raw))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    received.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    yield received
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def shop_commits(shop: Path) -> list[str]:
    """The commits of the repository: 1.0.0, 1.1.0 and one without a tag."""
    head = (shop / ".git" / "commits.txt").read_text(encoding="ascii")
    return head.split()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two tags."""
    path = tmp_path_factory.mktemp("repositories") / "shop"
    ids = make_repository(
        path,
        [
            ({"VERSION": "1.0.0\n", **WORKFLOWS}, "1.0.0"),
            ({"VERSION": "1.1.0\n", "docs/read me.md": "# Shop\n"}, "1.1.0"),
            ({"VERSION": "next\n"}, None),
        ],
    )
    (path / ".git" / "commits.txt").write_text("\n".join(ids), encoding="ascii")
    return path


def repositories_of(shop: Path) -> list[dict[str, Any]]:
    """The same repository three times: executed, called a success, scripted."""
    return [
        {"full_name": "acme/shop", "path": shop, "vars": {"ROOT": "/srv"}, "environments": ["staging", "production"]},
        {"full_name": "acme/instant", "path": shop, "executor": "instant"},
        {"full_name": "acme/scripted", "path": shop, "executor": "scripted"},
    ]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, shop: Path, receiver: Receiver) -> Iterator[RunningStandin]:
    """The stand-in of this folder's tests."""
    with start_standin(
        tmp_path_factory.mktemp("standin"),
        repositories_of(shop),
        tokens=TOKENS,
        webhook={"url": receiver.url, "secret": SECRET},
        environment={"TEST_READER_TOKEN": READER, "STANDIN_CANARY": "the server's own"},
    ) as standin:
        yield standin


@pytest.fixture
def standin(running: RunningStandin) -> Iterator[RunningStandin]:
    """The stand-in, without the faults of the test before."""
    yield running
    running.control.clear_faults()


@pytest.fixture(scope="session")
def client(running: RunningStandin) -> Iterator[httpx.Client]:
    """Plain HTTP with the bot's token."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=running.url, headers=headers, trust_env=False) as one:
        yield one


@pytest.fixture
def api(client: httpx.Client, standin: RunningStandin) -> httpx.Client:
    """The same, without the faults of the test before."""
    return client


@pytest.fixture(scope="session")
def web() -> Iterator[httpx.Client]:
    """Plain HTTP without a token."""
    with httpx.Client(trust_env=False) as one:
        yield one


@pytest.fixture
def github(standin: RunningStandin) -> Iterator[Github]:
    """The real client, as the product sets it up."""
    client = Github(
        base_url=standin.url,
        auth=Auth.Token(TOKEN),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    yield client
    client.close()


@pytest.fixture
def repository(github: Github) -> Repository:
    """acme/shop, through the real client."""
    return github.get_repo("acme/shop")


Dispatch = Callable[..., int]


@pytest.fixture
def dispatch(api: httpx.Client) -> Dispatch:
    """Dispatch a workflow and give its run id."""

    def send(workflow: str, *, repository: str = "acme/shop", **inputs: object) -> int:
        answer = api.post(
            f"/repos/{repository}/actions/workflows/{workflow}/dispatches",
            json={"ref": "main", "inputs": inputs, "return_run_details": True},
        )
        assert answer.status_code == 200, answer.text
        return int(answer.json()["workflow_run_id"])

    return send


Read = Callable[..., dict[str, Any]]


@pytest.fixture
def ended(api: httpx.Client) -> Read:
    """Wait until a run has ended and give it."""

    def wait(run_id: int, *, repository: str = "acme/shop", attempt: int = 1) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            run: dict[str, Any] = api.get(f"/repos/{repository}/actions/runs/{run_id}").json()
            return run if run["status"] == "completed" and run["run_attempt"] == attempt else None

        found: dict[str, Any] = eventually(look)
        return found

    return wait


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """A gate that a gated workflow waits for; opened at the end, so that nothing waits on."""
    path = tmp_path / "gate"
    yield path
    path.touch()
