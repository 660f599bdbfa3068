"""What a commit does not hold still is named; what it does is not."""

import pytest

from daytwo_actions.backends.gitlab.wire.includes import Included, included_in

COMMIT = "a" * 40


@pytest.mark.parametrize(
    ("entry", "loose"),
    [
        ("{project: acme/ci, file: /deploy.yml}", "deploy.yml of acme/ci at its default branch"),
        ("{project: acme/ci, file: [a.yml], ref: main}", "a.yml of acme/ci at main"),
        ("{remote: 'https://ci.example/a.yml'}", "https://ci.example/a.yml"),
        ("https://ci.example/b.yml", "https://ci.example/b.yml"),
        ("{template: Deploy.gitlab-ci.yml}", "GitLab's template Deploy.gitlab-ci.yml"),
        ("{component: $CI_SERVER_FQDN/acme/x/claim@1}", "the component $CI_SERVER_FQDN/acme/x/claim@1"),
        ("{local: 'ci/*.yml'}", "what ci/*.yml includes in turn"),
        ("{local: ci/$NAME.yml}", "what ci/$NAME.yml includes in turn"),
        (f"{{project: acme/ci, file: a.yml, ref: {COMMIT}}}", None),
        (f"{{component: host/acme/x/claim@{COMMIT}}}", None),
        ("{remote: 'https://ci.example/a.yml', integrity: 'sha256-x'}", None),
    ],
)
def test_each_kind_of_include(entry: str, loose: str | None) -> None:
    wanted = Included(loose=(loose,) if loose else ())
    assert included_in(f"include: {entry}\n".encode()) == wanted
    assert included_in(f"include: [{entry}, {entry}]\n".encode()) == wanted
    assert included_in(f"spec: {{inputs: {{}}}}\n---\njob: {{trigger: {{include: [{entry}]}}}}\n".encode()) == wanted


def test_local_files_are_of_the_same_commit_and_are_looked_into() -> None:
    found = included_in(b"include: [/ci/a.yml, {local: ci/b.yml}]\njob: {trigger: {include: ci/c.yml}}\n")
    assert found == Included(local=("ci/a.yml", "ci/b.yml", "ci/c.yml"))


def test_what_a_pipeline_starts_elsewhere_or_a_job_makes() -> None:
    file = b"a: {trigger: acme/other}\nb: {trigger: {project: acme/x, branch: v1}}\n"
    file += b"c: {trigger: {include: [{artifact: made.yml, job: make}]}}\n"
    assert included_in(file).loose == (
        "what a job leaves as made.yml",
        "the pipeline of acme/other at its default branch",
        "the pipeline of acme/x at v1",
    )


@pytest.mark.parametrize("content", [b"", b"\xff", b"a: [", b"- 1", b"include:\n", b"include: 7\n", b"trigger: {a: b}"])
def test_nonsense_brings_nothing_in_or_is_a_name(content: bytes) -> None:
    assert included_in(content).loose == ()
