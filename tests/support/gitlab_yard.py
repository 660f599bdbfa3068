"""A yard for the GitLab stand-in's tests: who may call it, and projects with pipelines of every kind."""

from pathlib import Path
from typing import Any

import pytest

from daytwo_standins.gitlab.tools import find_tools

TOKEN = "glpat-of-the-bot"
READER = "glpat-of-the-reader"
GUEST = "glpat-of-a-guest"
REPORTER = "glpat-of-a-reporter"
REVOKED = "glpat-revoked"
NARROW = "glpat-of-somebody-with-one-project"
APPROVER = "glpat-of-the-approver"
TRIGGER = "glptt-of-the-shop"
SECRET = "the secret token of the webhook"
SIGNING = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
SHOP = "/projects/acme%2Fshop"
TOKENS = [
    {"login": "daytwo-bot", "token": TOKEN, "bot": True, "role": "maintainer"},
    {"login": "approver", "token": APPROVER},
    {"login": "reader", "token": READER, "scopes": ["read_api"]},
    {"login": "reporter", "token": REPORTER, "role": "reporter"},
    {"login": "guest", "token": GUEST, "role": "guest"},
    {"login": "gone", "token": REVOKED, "revoked": True},
    {"login": "narrow", "token": NARROW, "projects": ["acme/instant"]},
]
MISSING = find_tools(None).missing
runs_jobs = pytest.mark.skipif(bool(MISSING), reason=MISSING)

BUILD = """\
spec:
  inputs:
    version: {type: string, regex: "^[0-9.]+$"}
    count: {type: number, default: 3}
    dry: {type: boolean, default: false}
    where: {options: [staging, production], default: staging}
    notes: {default: ""}
    daytwo_run: {type: string, default: ""}
---
workflow:
  name: "Build $[[ inputs.version ]] of $CI_COMMIT_REF_NAME [$[[ inputs.daytwo_run ]]]"
stages: [build, deploy, after]
variables:
  NOTES: $[[ inputs.notes ]]
build:
  stage: build
  script:
    - echo "version=$[[ inputs.version ]] count=$[[ inputs.count ]] dry=$[[ inputs.dry ]]"
    - echo "pipeline=$CI_PIPELINE_ID job=$CI_JOB_ID branch=$CI_COMMIT_BRANCH by=$CI_PIPELINE_SOURCE $CI_PIPELINE_NAME"
    - echo "given=$GIVEN setting=$SETTING canary=${STANDIN_CANARY:-none} $(git status --porcelain VERSION | wc -l)"
    - printf 'without a line break'
    - echo "NUMBER=7" > build.env; mkdir -p out/deep; cp VERSION out/deep/
  after_script:
    - echo afterwards
  artifacts:
    paths: [out]
    reports: {dotenv: build.env}
deploy:
  stage: deploy
  environment: {name: "$[[ inputs.where ]]"}
  id_tokens:
    ID_TOKEN: {aud: daytwo}
    OTHER: {aud: [one, two]}
  tags: [linux]
  script:
    - echo "number=$NUMBER $(cat out/deep/VERSION)"
    - echo "$ID_TOKEN" > token; echo "$OTHER" > other
    - if [ "$[[ inputs.dry ]]" = true ]; then exit 3; fi
  artifacts: {paths: [token, other]}
tolerated:
  stage: deploy
  needs: []
  allow_failure: true
  script: ["exit 7"]
matrix:
  stage: after
  parallel: {matrix: [{LETTER: [x, y]}]}
  script: ["echo $LETTER"]
always:
  stage: after
  when: always
  script: ["echo always"]
"""

GATED = """\
spec:
  inputs:
    gate: {type: string}
---
stages: [first, second]
wait:
  stage: first
  script:
    - echo waiting
    - echo $$ > "$[[ inputs.gate ]].pid"
    - until [ -e "$[[ inputs.gate ]]" ]; do sleep 0.05; done
    - echo ran >> "$[[ inputs.gate ]].done"
next:
  stage: second
  script: ["echo next"]
"""

MANUAL = """\
stages: [ask, go, maybe]
ask:
  stage: ask
  rules: [{when: manual}]
  script: ["echo asked $ANSWER"]
go:
  stage: go
  script: ["echo went"]
maybe:
  stage: maybe
  when: manual
  script: ["echo perhaps"]
"""

PARENT = """\
stages: [one, two]
quick:
  stage: one
  trigger: {include: ci/child.yml}
followed:
  stage: one
  variables: {PASSED: "on"}
  trigger:
    include: [{local: ci/child.yml, inputs: {word: hello}}]
    strategy: depend
last:
  stage: two
  script: ["echo last"]
"""

CHILD = """\
spec:
  inputs:
    word: {default: nothing}
---
inner:
  script: ["echo $[[ inputs.word ]] $PASSED from $CI_PIPELINE_SOURCE"]
"""

PROTECTED = """\
ship:
  environment: production
  script: ["echo shipped"]
"""

FILES = {
    ".gitlab-ci.yml": BUILD,
    "ci/child.yml": CHILD,
    "ci/gated.yml": GATED,
    "ci/manual.yml": MANUAL,
    "ci/parent.yml": PARENT,
    "ci/protected.yml": PROTECTED,
    "ci/broken.yml": "a: [",
    "ci/empty.yml": "stages: [build]\n",
    "ci/never.yml": "job: {script: [echo], rules: [{when: never}]}\n",
    "ci/wrong.yml": "job: {scirpt: [echo]}\n",
}


def projects_of(shop: Path) -> list[dict[str, Any]]:
    """The same repository several times: by file that is run, and by who runs it."""
    names = ("gated", "manual", "parent", "protected", "broken", "empty", "never", "wrong", "missing")
    by_file = [{"full_path": f"acme/{name}", "path": shop, "ci_config_path": f"ci/{name}.yml"} for name in names]
    environments = [{"name": "staging", "url": "http://staging.example"}, {"name": "production", "approvals": 1}]
    return [
        {
            "full_path": "acme/shop",
            "path": shop,
            "id": 41,
            "variables": {"SETTING": "of the project"},
            "environments": environments[:1],
        },
        {"full_path": "acme/instant", "path": shop, "executor": "instant", "trigger_tokens": [TRIGGER]},
        {"full_path": "acme/scripted", "path": shop, "executor": "scripted"},
        {"full_path": "acme/strict", "path": shop, "executor": "instant", "pipeline_variables_role": "owner"},
        *({**one, "environments": environments} for one in by_file),
    ]
