"""CI systems for the contract suite: a stand-in of each kind with the same things in it, and what differs in words.

A further kind is one more class here and one more entry in `KINDS`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import pytest
from pydantic import SecretStr

from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.base import Backend, Target
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.pipelines import InputType
from daytwo_actions.backends.registry import connect
from daytwo_standins.argo.testing import start_standin as start_argo
from daytwo_standins.github.testing import start_standin as start_github
from daytwo_standins.gitlab.testing import start_standin as start_gitlab
from daytwo_standins.gitlab.tools import find_tools
from daytwo_standins.shared.testing import RunningStandin, make_repository

TOKEN, READER, SECRET = "token-of-the-bot", "token-of-the-reader", "secret of the webhook"
REVIEWER = "token-of-ana"
HISTORY: Final = ("1.0.0", "1.2.0")
ECHO: Final = 'echo "version=$VERSION graceful=$GRACEFUL"'
BREAK: Final = 'if [ "$VERSION" = 1.2.0 ]; then echo "{}the setting CART_URL is missing"; exit 3; fi'


_TYPES: Final = {"version": InputType.STRING, "graceful": InputType.BOOLEAN, "seconds": InputType.NUMBER}


@dataclass(kw_only=True)
class System:
    """A running stand-in. In it: a project that really runs, one whose runs succeed at once, one without our marker.

    `deploy` takes version (text), graceful (yes or no) and seconds (a number); its job `test` says what came and fails
    for 1.2.0, its job `ship` comes after it and takes so many seconds.
    """

    standin: RunningStandin
    commits: Sequence[str]
    deploy: Target
    instant: Target
    gated: Target  # its job `ship` waits there for somebody's word, and then says that it ships
    results: Target  # leaves results and files; fails afterwards, with a note, for 1.2.0
    unmarked: Target | None  # None: whatever the pipeline says, a run carries our marker
    wrong: Sequence[Mapping[str, str]]  # changes of a target that make it one that is not there
    ended: str  # the vendor's words for a run that has succeeded
    error: bytes  # how the log shows the reason of the failure
    executes: str = ""  # why nothing can be executed here; empty: it can
    step: str | None = None  # the step that fails, where jobs have steps
    pinning: Sequence[str] = ()  # requests of a resolve whose commit is known
    listing: Sequence[str] = ()  # requests of a read of several runs
    started: frozenset[str] = frozenset()  # events of a whole run, all verified
    limits: Sequence[int] = (429,)  # statuses of "not so fast"
    readers_advice: str = ""  # what somebody with too few rights is told
    repository: bool = True  # what runs comes from a branch or tag, and a run tells its commit
    hooks: bool = True  # it sends webhooks
    lags: bool = True  # a run is found in a listing, which may show it later
    actors: bool = True  # a run tells who started it
    types: Mapping[str, InputType] = field(default_factory=lambda: dict(_TYPES))  # of `deploy`'s inputs
    files: frozenset[str] = frozenset()  # what `results` leaves; none where what executes here keeps none
    notes: Sequence[str] = ()  # what is noted on its failed job; none where that stands in the job's own words
    noting: Sequence[str] = ()  # requests that its notes cost
    archive: str | None = None  # the operation that hands out its results; None: they are in the run itself
    named: str | None = None  # in the answer to a dispatch, what says which run; None: the name is ours
    limit: int | None = None  # requests that a period allows
    plays: bool = False  # what has got its word has to be played after that
    answering: Mapping[str, Any] = field(default_factory=dict)  # settings of a connection that gives that word
    settings: Any = None
    usual: dict[str, Any] = field(default_factory=dict)

    def connect(self, **given: Any) -> Backend:
        chosen = {"base": self.standin.url, "token": SecretStr(TOKEN)} | self.usual | given
        return connect(self.settings(**chosen), observe=lambda *_: None)

    def marker_of(self, line: Mapping[str, Any]) -> object:
        """The marker in a line of the ledger."""
        return line["inputs"].get("daytwo_run")

    def run_of(self, line: Mapping[str, Any]) -> str:
        """The id of the run in a line of the ledger."""
        return str(line["run_id"])

    @classmethod
    @contextmanager
    def start(cls, folder: Path, hook: str) -> Iterator[Self]:
        """Starts it; deliveries go to `hook`."""
        raise NotImplementedError
        yield  # pragma: no cover - makes it a generator

    def must_execute(self) -> None:
        if self.executes:
            pytest.skip(self.executes)


GITHUB_DEPLOY: Final = f"""\
name: Deploy
run-name: "Deploy ${{{{ inputs.version }}}} [${{{{ inputs.daytwo_run }}}}]"
on:
  workflow_dispatch:
    inputs:
      version: {{type: string, required: true}}
      graceful: {{type: boolean, default: false}}
      seconds: {{type: number, default: 0}}
      daytwo_run: {{type: string, default: ''}}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - name: Say what came
        env: {{VERSION: "${{{{ inputs.version }}}}", GRACEFUL: "${{{{ inputs.graceful }}}}"}}
        run: {ECHO}
      - name: Fail for 1.2.0
        env: {{VERSION: "${{{{ inputs.version }}}}"}}
        run: |
          {BREAK.format("::error::")}
  ship:
    needs: test
    runs-on: ubuntu-latest
    steps:
      - name: Take a while
        env: {{SECONDS_TO_WAIT: "${{{{ inputs.seconds }}}}"}}
        run: sleep "$SECONDS_TO_WAIT"
"""
GITHUB_PLAIN: Final = (
    "name: Plain\non:\n  workflow_dispatch:\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps: [{run: echo}]\n"
)


GITHUB_GATED: Final = """\
name: Gated
run-name: "Gated [${{ inputs.daytwo_run }}]"
on:
  workflow_dispatch:
    inputs:
      version: {type: string, required: true}
      daytwo_run: {type: string, default: ''}
jobs:
  ship:
    runs-on: ubuntu-latest
    environment: production
    steps: [{run: echo shipped}]
"""
GITHUB_RESULTS: Final = """\
name: Results
run-name: "Results [${{ inputs.daytwo_run }}]"
on:
  workflow_dispatch:
    inputs:
      version: {type: string, required: true}
      daytwo_run: {type: string, default: ''}
jobs:
  leave:
    runs-on: ubuntu-latest
    steps:
      - run: |
          mkdir -p out results
          echo hello > out/report.txt
          echo '{"url": "https://shop.example/", "size": 3}' > results/result.json
      - uses: actions/upload-artifact@v4
        with: {name: files, path: out}
      - uses: actions/upload-artifact@v4
        with: {name: daytwo-result, path: results}
      - env: {VERSION: "${{ inputs.version }}"}
        run: |
          if [ "$VERSION" = 1.2.0 ]; then
            echo "::error title=Setting,file=VERSION,line=1::the setting CART_URL is missing"
            exit 3
          fi
"""


class GitHub(System):
    @classmethod
    @contextmanager
    def start(cls, folder: Path, hook: str) -> Iterator[Self]:
        texts = {"deploy": GITHUB_DEPLOY, "plain": GITHUB_PLAIN, "results": GITHUB_RESULTS, "gated": GITHUB_GATED}
        files = {f".github/workflows/{name}.yml": text for name, text in texts.items()}
        shop, commits = _repository(folder, files)
        repositories = [
            {
                "full_name": "acme/shop",
                "path": shop,
                "environments": [{"name": "production", "reviewers": ["ana"]}],
            },
            {"full_name": "acme/instant", "path": shop, "executor": "instant"},
        ]
        tokens = [
            {"login": "acme-bot", "token": TOKEN, "type": "Bot"},
            {"login": "reader", "token": READER, "permissions": ["read"]},
            {"login": "ana", "token": REVIEWER},
        ]
        with start_github(folder, repositories, tokens=tokens, webhook={"url": hook, "secret": SECRET}) as standin:
            yield cls(
                standin=standin,
                commits=commits,
                deploy=Target(project="acme/shop", pipeline="deploy.yml", ref="main"),
                instant=Target(project="acme/instant", pipeline="deploy.yml", ref="main"),
                gated=Target(project="acme/shop", pipeline="gated.yml", ref="main"),
                answering={"token": SecretStr(REVIEWER)},  # an App or a bot never is a reviewer
                results=Target(project="acme/shop", pipeline="results.yml", ref="main"),
                files=frozenset({"files", "daytwo-result"}),
                notes=("the setting CART_URL is missing",),
                noting=("annotations",),
                archive="download_artifact",
                named="workflow_run_id",
                limit=5000,
                unmarked=Target(project="acme/instant", pipeline="plain.yml", ref="main"),
                wrong=[{"project": "acme/none"}, {"pipeline": "no.yml"}, {"ref": "none"}, {"ref": "refs/tags/main"}],
                ended="completed, success",
                error=b"##[error]the setting CART_URL is missing",
                step="Fail for 1.2.0",
                pinning=["get_ref"],
                listing=["list_runs"],
                started=frozenset({"workflow_run.requested", "workflow_run.completed", "workflow_job.completed"}),
                limits=(403, 429),
                readers_advice="Actions: write",
                settings=GitHubSettings,
                usual={"name": "github", "webhook_secrets": (SecretStr(SECRET),)},
            )


GITLAB_DEPLOY: Final = f"""\
spec:
  inputs:
    version: {{type: string}}
    graceful: {{type: boolean, default: false}}
    seconds: {{type: number, default: 0}}
    daytwo_run: {{type: string, default: ''}}
---
workflow:
  name: "Deploy $[[ inputs.version ]] [$[[ inputs.daytwo_run ]]]"
stages: [test, ship]
test:
  stage: test
  variables: {{VERSION: "$[[ inputs.version ]]", GRACEFUL: "$[[ inputs.graceful ]]"}}
  script:
    - {ECHO}
    - |
      {BREAK.format("ERROR: ")}
ship:
  stage: ship
  variables: {{SECONDS_TO_WAIT: "$[[ inputs.seconds ]]"}}
  script:
    - sleep "$SECONDS_TO_WAIT"
"""
# The marker arrives, and nothing shows it.
GITLAB_PLAIN: Final = "spec:\n  inputs:\n    daytwo_run: {default: ''}\n---\none:\n  script: [echo]\n"


GITLAB_GATED: Final = """\
spec:
  inputs: {version: {type: string}, daytwo_run: {default: ''}}
---
workflow: {name: "Gated [$[[ inputs.daytwo_run ]]]"}
ship:
  environment: production
  script: [echo shipped]
"""
GITLAB_RESULTS: Final = """\
spec:
  inputs: {version: {type: string}, daytwo_run: {default: ''}}
---
workflow: {name: "Results [$[[ inputs.daytwo_run ]]]"}
daytwo-result:
  variables: {VERSION: "$[[ inputs.version ]]"}
  script:
    - mkdir -p out; echo hello > out/report.txt
    - echo '{"url":"https://shop.example/","size":3}' > result.json
    - if [ "$VERSION" = 1.2.0 ]; then exit 3; fi
  artifacts: {when: always, paths: [result.json, out]}
"""


class GitLab(System):
    @classmethod
    @contextmanager
    def start(cls, folder: Path, hook: str) -> Iterator[Self]:
        shop, commits = _repository(folder, {".gitlab-ci.yml": GITLAB_DEPLOY})
        plain = folder / "plain"
        make_repository(plain, [({".gitlab-ci.yml": GITLAB_PLAIN}, None)])
        results = folder / "results"
        make_repository(results, [({".gitlab-ci.yml": GITLAB_RESULTS}, None)])
        gated = folder / "gated"
        make_repository(gated, [({".gitlab-ci.yml": GITLAB_GATED}, None)])
        projects = [
            {"full_path": "acme/shop", "path": shop},
            {"full_path": "acme/gated", "path": gated, "environments": [{"name": "production", "approvals": 1}]},
            {"full_path": "acme/instant", "path": shop, "executor": "instant"},
            {"full_path": "acme/plain", "path": plain, "executor": "instant"},
            {"full_path": "acme/results", "path": results},
        ]
        tokens = [
            {"login": "acme-bot", "token": TOKEN, "bot": True},
            {"login": "reader", "token": READER, "scopes": ["read_api"], "role": "reporter"},
        ]
        with start_gitlab(folder, projects, tokens=tokens, webhook={"url": hook, "secret": SECRET}) as standin:
            yield cls(
                standin=standin,
                commits=commits,
                deploy=Target(project="acme/shop", pipeline="", ref="main"),
                instant=Target(project="acme/instant", pipeline="", ref="main"),
                gated=Target(project="acme/gated", pipeline="", ref="main"),
                answering={"approves_deployments": True},
                plays=True,
                results=Target(project="acme/results", pipeline="", ref="main"),
                files=frozenset({"daytwo-result/artifacts.zip"}),
                notes=("daytwo-result: its script failed (script_failure)",),
                archive="download_artifacts",
                named="id",
                limit=2000,
                unmarked=Target(project="acme/plain", pipeline="", ref="main"),
                wrong=[{"project": "acme/none"}, {"pipeline": "no.yml"}, {"ref": "none"}, {"ref": "refs/tags/main"}],
                ended="success",
                error=b"ERROR: the setting CART_URL is missing",
                executes=find_tools(None).missing,
                pinning=["get_commit"],
                listing=["list_pipelines"],
                started=frozenset({"pipeline.running", "pipeline.success", "job.success"}),
                readers_advice="scope api",
                settings=GitLabSettings,
                usual={"name": "gitlab", "webhook_secrets": (SecretStr(SECRET),)},
            )


ARGO_DEPLOY: Final = f"""\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {{name: deploy}}
spec:
  entrypoint: main
  arguments:
    parameters:
    - {{name: version}}
    - {{name: graceful, value: "false", enum: ["true", "false"]}}
    - {{name: seconds, value: "0"}}
  templates:
  - name: main
    dag:
      tasks:
      - {{name: test, template: test}}
      - {{name: ship, template: ship, dependencies: [test]}}
  - name: test
    script:
      image: any
      command: [sh]
      env:
      - {{name: VERSION, value: "{{{{workflow.parameters.version}}}}"}}
      - {{name: GRACEFUL, value: "{{{{workflow.parameters.graceful}}}}"}}
      source: |
        {ECHO}
        {BREAK.format("ERROR: ")}
  - name: ship
    script:
      image: any
      command: [sh]
      env: [{{name: SECONDS_TO_WAIT, value: "{{{{workflow.parameters.seconds}}}}"}}]
      source: sleep "$SECONDS_TO_WAIT"
"""


ARGO_GATED: Final = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: gated}
spec:
  entrypoint: main
  arguments: {parameters: [{name: version}]}
  templates:
  - name: main
    steps: [[{name: wait, template: wait}], [{name: ship, template: ship}]]
  - {name: wait, suspend: {}}
  - name: ship
    script: {image: any, command: [sh], source: echo shipped}
"""
ARGO_RESULTS: Final = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: results}
spec:
  entrypoint: main
  arguments: {parameters: [{name: version}]}
  templates:
  - name: main
    steps: [[{name: leave, template: leave}], [{name: check, template: check}]]
  - name: leave
    outputs:
      parameters:
      - {name: url, globalName: url, valueFrom: {path: /tmp/url}}
      - {name: size, globalName: size, valueFrom: {path: /tmp/size}}
    script:
      image: any
      command: [sh]
      source: "printf https://shop.example/ > /tmp/url; printf 3 > /tmp/size"
  - name: check
    script:
      image: any
      command: [sh]
      env: [{name: VERSION, value: "{{workflow.parameters.version}}"}]
      source: 'if [ "$VERSION" = 1.2.0 ]; then exit 3; fi'
"""


class Argo(System):
    def run_of(self, line: Mapping[str, Any]) -> str:
        return f"{line['name']}:{line['uid']}"

    @classmethod
    @contextmanager
    def start(cls, folder: Path, hook: str) -> Iterator[Self]:
        tokens = [
            {"login": "acme-bot", "token": TOKEN},
            {"login": "reader", "token": READER, "permissions": ["read"]},
        ]
        files = {"deploy.yaml": ARGO_DEPLOY, "results.yaml": ARGO_RESULTS, "gated.yaml": ARGO_GATED}
        instant = {"instant": {"executor": "instant"}}
        with start_argo(
            folder, {"shop": files, "instant": files}, tokens=tokens, namespace_settings=instant
        ) as standin:
            yield cls(
                standin=standin,
                commits=(),
                deploy=Target(project="shop", pipeline="deploy", ref=""),
                instant=Target(project="instant", pipeline="deploy", ref=""),
                gated=Target(project="shop", pipeline="gated", ref=""),
                results=Target(project="shop", pipeline="results", ref=""),
                limit=1000,
                unmarked=None,
                wrong=[{"project": "none"}, {"pipeline": "no"}, {"pipeline": "cluster/deploy"}, {"ref": "main"}],
                ended="Succeeded",
                error=b"ERROR: the setting CART_URL is missing",
                pinning=["get_template"],
                listing=["list_workflows"],
                readers_advice="create on workflows",
                repository=False,
                hooks=False,
                lags=False,
                actors=False,
                types={"version": InputType.STRING, "graceful": InputType.CHOICE, "seconds": InputType.STRING},
                settings=ArgoSettings,
                usual={"name": "argo"},
            )


def _repository(folder: Path, files: Mapping[str, str]) -> tuple[Path, list[str]]:
    """A repository with two tagged versions."""
    path = folder / "shop"
    first, second = HISTORY
    return path, make_repository(path, [({"VERSION": f"{first}\n", **files}, first), ({"VERSION": second}, second)])


KINDS: Final[Mapping[str, type[System]]] = {"github": GitHub, "gitlab": GitLab, "argo": Argo}
