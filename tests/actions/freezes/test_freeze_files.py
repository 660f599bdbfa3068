"""Freeze files: what is refused and where, what a selector matches, what cannot be worked out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from pydantic import JsonValue

from daytwo_actions.definitions import DefinitionRejected, Surroundings
from daytwo_actions.definitions.load import load_action
from daytwo_actions.freezes import FreezeVersion, Subject, as_document, freeze_of, opens, restore_freeze, subject_of
from daytwo_actions.registry import load_texts

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
DEPLOY = (Path(__file__).parents[3] / "examples/actions/deploy.yaml").read_text()
FILE = """\
apiVersion: daytwo/v1
kind: Freeze
metadata: { name: year-end, title: Year end, owner: "group:sre" }
spec:
  reason: Nobody is there
  timezone: Europe/Berlin
  from: 2026-12-23T18:00
  until: 2027-01-04T08:00
  where: { actions: [deploy], when: "${{ entity.name == 'shop' }}" }
"""


def problems(text: str) -> list[str]:
    with pytest.raises(DefinitionRejected) as refused:
        load_texts([("freeze.yaml", text), ("deploy.yaml", DEPLOY)], surroundings=Surroundings())
    return [str(one) for one in refused.value.problems]


def test_a_file_is_read_with_its_zone() -> None:
    registry = load_texts([("freeze.yaml", FILE), ("deploy.yaml", DEPLOY)], surroundings=Surroundings())
    loaded = registry.freezes["year-end"]
    freeze = restore_freeze("year-end", loaded.document, title="Year end", owner="group:sre")
    (period,) = freeze.periods(NOW, NOW + timedelta(days=100))
    assert period.start == datetime(2026, 12, 23, 17, tzinfo=UTC)
    assert period.end == datetime(2027, 1, 4, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Europe/Berlin", "Europe/Berln", "freeze.yaml:6:13"),
        ("Europe/Berlin", "../../etc/passwd", "no time zone"),
        ("  timezone: Europe/Berlin\n", "", "freeze.yaml:6:9"),
        ("from: 2026-12-23T18:00", "from: 2026-02-30T18:00", "no such time"),
        ("from: 2026-12-23T18:00", "from: tomorrow", "freeze.yaml:7:9"),
        ("until: 2027-01-04T08:00", "until: 2026-01-04T08:00", "freeze.yaml:8:10: It ends before it begins"),
        ("[deploy]", "[deplyo]", "freeze.yaml:9:22: There is no action `deplyo`"),
        ("entity.name", "entiti.name", "`entiti` is not known in a freeze"),
        ("entity.name == 'shop'", "entity.name ==", "freeze.yaml:9:"),
        ("where:", "were:", "`were` is not a known key"),
        ('owner: "group:sre"', 'owner: "person:sam"', "freeze.yaml:3"),
        ("  from: 2026-12-23T18:00\n", "", "freeze.yaml:5:3: When?"),
        (
            "  from: 2026-12-23T18:00\n  until: 2027-01-04T08:00\n",
            "  calendar: { start: 2026-01-01T09:00, rule: FREQ=SECONDLY, duration: 1h }\n",
            "freeze.yaml:7:46: `FREQ` is one of",
        ),
        ("  reason", "  calendar: { start: 2026-01-01T09:00, rule: FREQ=DAILY, duration: 1h }\n  reason", "both"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(old: str, new: str, said: str) -> None:
    assert old in FILE
    found = problems(FILE.replace(old, new))
    assert any(said in one for one in found), found


def test_one_name_is_declared_once() -> None:
    with pytest.raises(DefinitionRejected, match="declared twice"):
        load_texts([("a.yaml", FILE), ("b.yaml", FILE)], surroundings=Surroundings())


def subject(
    environment: str = "production",
    tier: JsonValue = "live",
    *,
    action: str = "deploy",
    undo: bool = False,
    glass: bool = False,
) -> Subject:
    document = yaml.safe_load(DEPLOY)
    document["metadata"]["name"] = action
    version = load_action(yaml.safe_dump(document), "deploy.yaml")
    target: dict[str, JsonValue] = {
        "ref": "service:shop",
        "name": "shop",
        "kind": "service",
        "properties": {"labels": {"team": "a"}},
        "relations": {},
        "owner": "group:storefront",
    }
    place: dict[str, JsonValue] = {
        "ref": f"environment:{environment}",
        "name": environment,
        "kind": "environment",
        "properties": {"tier": tier},
        "relations": {},
        "owner": None,
    }
    user: dict[str, JsonValue] = {"ref": "person:ana", "groups": ["group:storefront"]}
    context: dict[str, JsonValue] = {"entity": target, "inputs": {"environment": place, "version": "1"}, "user": user}
    return subject_of(version, context, undo=undo, break_glass=glass)


def freeze(*, where: dict[str, JsonValue] | None = None, **spec: JsonValue) -> FreezeVersion:
    given: dict[str, JsonValue] = {"reason": "test", "from": "2026-11-30T00:00Z", "until": "2026-12-01T00:00Z"}
    if "calendar" in spec:
        given = {"reason": "test", "timezone": "Europe/Berlin"}
    document = as_document(
        name="f", title="F", description="", owner="group:sre", spec={**given, **spec, "where": where or {}}
    )
    loaded = freeze_of(document)
    return restore_freeze(loaded.digest, loaded.document, title="F", owner="group:sre")


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ({}, True),
        ({"environments": ["production"]}, True),
        ({"environments": ["staging"]}, False),
        ({"tiers": ["live"], "kinds": ["service"]}, True),
        ({"tiers": ["live"], "kinds": ["group"]}, False),
        ({"tiers": [1]}, False),
        ({"actions": ["deploy"]}, True),
        ({"actions": ["restart"]}, False),
        ({"operations": ["day-2"]}, True),
        ({"operations": ["rollback", "undo", "create"]}, False),
        ({"labels": ["deploy"]}, True),
        ({"labels": ["team=a"]}, True),
        ({"labels": ["team=b"]}, False),
        ({"entities": ["service:shop"]}, True),
        ({"entities": ["environment:production"]}, True),
        ({"entities": ["service:billing"]}, False),
        ({"when": "${{ 'production' in environments and action.name == 'deploy' }}"}, True),
        ({"when": "${{ entity.name == 'billing' }}"}, False),
        ({"when": False}, False),
    ],
)
def test_a_selector_matches_what_it_names(where: dict[str, JsonValue], holds: bool) -> None:
    held = freeze(where=where).held(subject(), NOW)
    assert (held is not None) is holds
    assert held is None or held.note is None


def test_true_is_not_one() -> None:
    assert freeze(where={"tiers": [1]}).held(subject(tier=1), NOW) is not None
    assert freeze(where={"tiers": [True]}).held(subject(tier=1), NOW) is None


@pytest.mark.parametrize(
    ("through", "asked", "held"),
    [
        ({}, {}, True),
        ({"groups": ["group:storefront"]}, {}, False),
        ({"groups": ["group:sre"]}, {}, True),
        ({"people": ["person:ana"]}, {}, False),
        ({"actions": ["deploy"]}, {}, False),
        ({"rollback": True}, {}, True),
        ({"rollback": True}, {"action": "rollback"}, False),
        ({"undo": True}, {"undo": True}, False),
        ({"undo": True}, {}, True),
        ({"break_glass": True}, {}, True),
        ({"break_glass": True}, {"glass": True}, False),
        ({"rollback": True, "undo": True}, {"glass": True}, True),
    ],
)
def test_only_what_is_named_is_let_through(through: dict[str, JsonValue], asked: dict[str, object], held: bool) -> None:
    one = freeze(**{"except": through})
    assert (one.held(subject(**asked), NOW) is not None) is held  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("when", "note"),
    [
        ("${{ inputs.nowhere == 'x' }}", "cannot be worked out"),
        ("${{ entity.properties.weight > 3 }}", "cannot be worked out"),
        ("${{ entity.name }}", "neither true nor false"),
    ],
)
def test_what_cannot_be_worked_out_is_frozen_and_says_so(when: str, note: str) -> None:
    held = freeze(where={"when": when}).held(subject(), NOW)
    assert held is not None
    assert held.note is not None
    assert note in held.note


def test_a_stored_freeze_that_cannot_be_read_any_more_freezes_everything() -> None:
    broken = restore_freeze("f", {"kind": "Freeze", "spec": {"rule": 3}}, title="Old", owner="group:sre")
    held = broken.held(subject(), NOW)
    assert held is not None
    assert held.until is None
    assert held.note == "its definition cannot be read any more"
    gone = restore_freeze(
        "g",
        as_document(
            name="g",
            title="G",
            description="",
            owner="group:sre",
            spec={
                "reason": "x",
                "timezone": "Europe/Atlantis",
                "calendar": {"start": "2026-01-01T00:00", "rule": "FREQ=DAILY", "duration": "1h"},
            },
        ).value,  # type: ignore[arg-type]
        title="G",
        owner="group:sre",
    )
    held = gone.held(subject(), NOW)
    assert held is not None
    assert "cannot be worked out" in str(held.note)


def test_outside_the_windows_is_frozen_until_the_next_one_opens() -> None:
    hours = freeze(
        calendar={"start": "2026-01-05T09:00", "rule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH", "duration": "7h"},
        frozen="outside",
    )
    monday = datetime(2026, 11, 30, 14, tzinfo=UTC)  # 15:00 in Berlin
    assert hours.held(subject(), monday) is None
    assert hours.held(subject(), monday + timedelta(minutes=59)) is None
    evening = hours.held(subject(), monday + timedelta(hours=1))
    assert evening is not None
    assert evening.until == datetime(2026, 12, 1, 8, tzinfo=UTC)
    thursday = hours.held(subject(), datetime(2026, 12, 3, 15, tzinfo=UTC))
    assert thursday is not None
    assert thursday.until == datetime(2026, 12, 7, 8, tzinfo=UTC), "over the week-end"


def test_it_opens_when_none_of_several_holds() -> None:
    hours = freeze(
        calendar={"start": "2026-01-05T09:00", "rule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH", "duration": "7h"},
        frozen="outside",
    )
    night = freeze(until="2026-12-01T20:00Z")  # the first of them that ends does so outside the other's hours
    assert opens([hours, night], subject(), NOW) == datetime(2026, 12, 2, 8, tzinfo=UTC)
    assert opens([hours], subject(), NOW) == NOW
    assert opens([hours, night], subject(), NOW, but={night.id}) == NOW
    endless = freeze(where={"actions": ["deploy"]}, calendar={
        "start": "2026-01-01T00:00", "rule": "FREQ=DAILY", "duration": "24h"
    })  # fmt: skip
    assert opens([endless], subject(), NOW) is None
