"""Names become paths only when they can be names."""

import pytest

from daytwo_actions.backends.argo.wire import names
from daytwo_actions.backends.base import Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_store.ids import Corr

EVIL = ["", "..", "../x", "%2e%2e", "a/b", "a\r\nb", "-a", "a-", "A", "a b", "a?x=1", "a#b", "a%20b", "ä", "@latest"]


@pytest.mark.parametrize("name", [*EVIL, "a" * 64, "a.b"])
def test_what_cannot_be_a_namespace(name: str) -> None:
    for path in (names.workflows, names.templates, names.events):
        with pytest.raises(BackendDenied, match="is not a namespace"):
            path(name)


@pytest.mark.parametrize("name", [*EVIL, "a..b", "a." + "b" * 260, "cluster/", "cluster/../x", "cluster/cluster/a"])
def test_what_cannot_be_a_template(name: str) -> None:
    with pytest.raises(BackendDenied, match="is not the name of a template"):
        names.template(name)


def test_templates_of_a_namespace_and_of_the_cluster() -> None:
    assert names.template("deploy").path("shop") == "/api/v1/workflow-templates/shop/deploy"
    assert names.template("cluster/deploy.v2").path("shop") == "/api/v1/cluster-workflow-templates/deploy.v2"
    assert names.template("cluster/deploy").title == "cluster/deploy"


def test_a_ref_is_refused_since_templates_have_none() -> None:
    assert names.of_target(Target(project="shop", pipeline="deploy", ref="")).name == "deploy"
    with pytest.raises(BackendDenied, match="take `ref` out"):
        names.of_target(Target(project="shop", pipeline="deploy", ref="main"))


def test_a_run_is_a_name_and_a_uid() -> None:
    run = names.run("dt-abc:6522aff1-1e01")
    assert (run.name, run.uid, run.corr, run.id) == ("dt-abc", "6522aff1-1e01", "abc", "dt-abc:6522aff1-1e01")
    assert run.fits("6522aff1-1e01")
    assert not run.fits("another")
    by_hand = names.run("hello-world-9tql2")
    assert (by_hand.uid, by_hand.corr) == (None, None)
    assert by_hand.fits("whatever")


@pytest.mark.parametrize("text", [*EVIL, "a:", "a:b:c", "a:..", "a:b/c", ":uid", "a:" + "b" * 65])
def test_what_cannot_be_a_run(text: str) -> None:
    with pytest.raises(BackendDenied, match="nothing was asked"):
        names.run(text)


@pytest.mark.parametrize("node", ["", "..", "a/b", "a b", "-a", "a\n", "x" * 254])
def test_what_cannot_be_a_node(node: str) -> None:
    with pytest.raises(BackendDenied, match="is not the id of a node"):
        names.node(node)


def test_an_artifact_that_would_leave_its_place() -> None:
    run = names.run("dt-abc:u-1")
    assert names.artifact("shop", run, "dt-abc-1", "main-logs") == (
        "/artifact-files/shop/workflows/dt-abc/dt-abc-1/outputs/main-logs"
    )
    assert names.artifact("shop", run, "dt-abc-1", "main-logs", is_archived=True) == (
        "/artifact-files/shop/archived-workflows/u-1/dt-abc-1/outputs/main-logs"
    )
    for evil in ("..", ".", "a/b", "a\rb", ""):
        with pytest.raises(BackendDenied, match="cannot be the name of an artifact"):
            names.artifact("shop", run, "dt-abc-1", evil)


def test_the_marker_is_the_name() -> None:
    assert names.of_corr(Corr("abcdefghij234567abcd")) == "dt-abcdefghij234567abcd"
    for evil in ("../x", "A", "a" * 61, "a-"):
        with pytest.raises(BackendDenied):
            names.of_corr(Corr(evil))
