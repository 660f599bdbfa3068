"""Who may do what: every answer with its reason."""

import pytest

from daytwo_actions.policy import entitling, may_run, may_stop, runners
from daytwo_store.ids import EntityRef, PrincipalId

SHOP = EntityRef("service:shop")
ANA, SAM = PrincipalId("p_ana"), PrincipalId("p_sam")


def test_nobody_runs_anything_without_a_role_that_asks_for_runs() -> None:
    answer = may_run(["everyone"], belongs={"group:sre", "role:viewer"}, owner=None, entity=SHOP, action="Deploy")
    assert not answer.allowed
    assert "role requester" in (answer.why_not or "")


@pytest.mark.parametrize(
    ("allow", "belongs", "owner", "allowed"),
    [
        (["owner"], {"group:storefront"}, "group:storefront", True),
        (["owner"], {"group:storefront"}, None, False),  # nobody owns it: nobody is the owner
        (["owner"], {"group:sre"}, "group:storefront", False),
        (["owner", "group:sre"], {"group:sre"}, "group:storefront", True),
        (["person:ana"], {"person:ana"}, None, True),
        (["everyone"], set(), None, True),
        ([], {"group:sre"}, "group:sre", False),
        (["group:sre"], set(), None, False),
        (["group:sre"], {"group:sre2"}, None, False),
    ],
)
def test_may_run(allow: list[str], belongs: set[str], owner: str | None, allowed: bool) -> None:
    answer = may_run(allow, belongs={"role:requester", *belongs}, owner=owner, entity=SHOP, action="Deploy")
    assert answer.allowed is allowed
    assert (answer.why_not is None) is allowed


@pytest.mark.parametrize(
    ("allow", "owner", "words"),
    [
        (["owner", "group:sre"], None, "the owner of the service or group:sre"),
        (["owner", "group:sre"], "group:storefront", "group:storefront or group:sre"),
        (["owner", "group:sre"], "group:sre", "group:sre"),
        (["group:sre", "everyone"], None, "everyone"),
        (["${{ user.name == 'ana' }}"], None, "whoever fits ${{ user.name == 'ana' }}"),
        ([], None, "nobody"),
    ],
)
def test_who_may_run_it_in_words(allow: list[str], owner: str | None, words: str) -> None:
    assert runners(allow, owner=owner, kind="service") == words


def test_the_group_that_entitles_is_the_first_that_is_asked() -> None:
    assert entitling(["group:b", "group:a"], {"group:a", "group:b"}) == "group:b"
    assert entitling(["group:b"], {"group:a"}) is None


def test_a_run_is_stopped_by_its_requester_and_by_those_who_may_run_the_action_there() -> None:
    def asked(principal: PrincipalId, belongs: set[str]) -> bool:
        return may_stop(
            principal=principal, requester=ANA, allow=["owner"], belongs=belongs, owner="group:storefront"
        ).allowed

    assert asked(ANA, set())
    assert asked(SAM, {"group:storefront", "role:requester"})
    assert asked(SAM, {"role:operator"})
    assert not asked(SAM, {"group:sre", "role:requester"})
    assert not asked(SAM, {"group:storefront", "role:auditor"})
