"""What a commit does not hold still is read where it is, or named; what it does hold is not."""

import pytest

from daytwo_actions.backends.gitlab.wire.includes import Included, Outside, included_in

COMMIT = "a" * 40
FILES = ("templates/claim.yml", "templates/claim/template.yml")


def included(entry: str) -> list[Included]:
    """The same entry alone, twice in a list, and of a job that starts a child pipeline."""
    files = (
        f"include: {entry}\n",
        f"include: [{entry}, {entry}]\n",
        f"spec: {{inputs: {{}}}}\n---\njob: {{trigger: {{include: [{entry}]}}}}\n",
    )
    return [included_in(file.encode(), hosts={"gitlab.example:8443"}) for file in files]


@pytest.mark.parametrize(
    ("entry", "project", "ref", "paths"),
    [
        ("{project: acme/ci, file: /deploy.yml}", "acme/ci", None, ("deploy.yml",)),
        ("{project: acme/ci, file: [a.yml], ref: main}", "acme/ci", "main", ("a.yml",)),
        ("{component: $CI_SERVER_FQDN/acme/x/claim@1}", "acme/x", "1", FILES),
        ("{component: '${CI_SERVER_HOST}/acme/x/claim@main'}", "acme/x", "main", FILES),
        ("{component: gitlab.example:8443/a/b/c/claim@v1.0}", "a/b/c", "v1.0", FILES),
    ],
)
def test_files_that_can_be_read_elsewhere(entry: str, project: str, ref: str | None, paths: tuple[str, ...]) -> None:
    assert included(entry) == [Included(outside=(Outside(project=project, ref=ref, paths=paths),))] * 3


@pytest.mark.parametrize(
    ("entry", "loose"),
    [
        ("{project: $GROUP/ci, file: a.yml}", "a.yml of $GROUP/ci at its default branch"),
        ("{project: acme/ci, file: a.yml, ref: $REF}", "a.yml of acme/ci at $REF"),
        ("{project: acme/ci, file: $FILE.yml, ref: v1}", "$FILE.yml of acme/ci at v1"),
        ("{remote: 'https://ci.example/a.yml'}", "https://ci.example/a.yml"),
        ("https://ci.example/b.yml", "https://ci.example/b.yml"),
        ("{template: Deploy.gitlab-ci.yml}", "GitLab's template Deploy.gitlab-ci.yml"),
        ("{component: gitlab.com/acme/x/claim@1}", "the component gitlab.com/acme/x/claim@1"),
        ("{component: $CI_SERVER_FQDN/acme/x/claim@~latest}", "the component $CI_SERVER_FQDN/acme/x/claim@~latest"),
        ("{component: $CI_SERVER_FQDN/$GROUP/x/claim@1}", "the component $CI_SERVER_FQDN/$GROUP/x/claim@1"),
        ("{component: claim}", "the component claim"),
        ("{local: 'ci/*.yml'}", "what ci/*.yml includes in turn"),
        ("{local: ci/$NAME.yml}", "what ci/$NAME.yml includes in turn"),
        (f"{{project: acme/ci, file: a.yml, ref: {COMMIT}}}", None),
        (f"{{component: host/acme/x/claim@{COMMIT}}}", None),
        ("{remote: 'https://ci.example/a.yml', integrity: 'sha256-x'}", None),
    ],
)
def test_what_cannot_be_read_is_named_and_what_is_held_is_not(entry: str, loose: str | None) -> None:
    assert included(entry) == [Included(loose=(loose,) if loose else ())] * 3


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
