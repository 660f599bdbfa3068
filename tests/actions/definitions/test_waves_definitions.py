"""What a step that goes in waves may say, and what is refused, with its place, before anybody can run it."""

from dataclasses import replace

import pytest

from daytwo_actions.definitions import DefinitionRejected, load_action
from daytwo_actions.definitions.check import Surroundings
from daytwo_actions.definitions.load import restore_action

ROLL = """\
apiVersion: daytwo/v1
kind: Action
metadata: { name: roll, title: Roll }
spec:
  operation: day-2
  form: { pages: [{ title: What, properties: { version: { type: string } } }] }
  allow: { run: [group:sre] }
  steps:
    - id: roll
      uses: foreach
      with:
        action: deploy
        targets: { kind: service, where: { repository: acme/shop } }
        inputs: { version: "${{ inputs.version }}", to: "${{ item.properties.repository }}" }
        canary: 1
        batch: 10%
        check: { action: smoke, inputs: { of: "${{ item.keys }}" } }
        pause: ask
        ask: { from: [group:sre] }
        max_failures: 5%
        on_too_many: ask
"""


def test_it_loads_and_comes_back_the_same(surroundings: Surroundings) -> None:
    version = load_action(ROLL, "a.yaml", surroundings=surroundings)
    assert restore_action(version.document).model == version.model
    assert "roll" in version.step_forms, "who says go on fills in nothing, and answers it as any task"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: service, where", "kind: servce, where", "13:26: There is no kind `servce`. Did you mean `service`?"),
        (
            "where: { repository:",
            "where: { repositry:",
            "13:44: The kind `service` has no property or relation `repositry`.",
        ),
        ("item.properties.repository", "item.properties.repositry", "has no `repositry`"),
        ("item.keys", "item.key", "17:57: `item` has no `key`. Did you mean `keys`?"),
        ("batch: 10%", "batch: 110%", "16:16: "),
        ("batch: 10%", "batch: 0", "16:16: "),
        ("batch: 10%", "batch: 1000000", "16:16: "),
        ("max_failures: 5%", "max_failures: 101%", "20:23: "),
        ("pause: ask", "pause: soon", "18:16: A pause is a time, as 10m, or `ask`"),
        ("        ask: { from: [group:sre] }\n", "", "It does not say who is asked. Add `ask"),
        ("pause: ask", "pause: 10m", None),
        ("        canary: 1\n        batch: 10%\n", "", "`check` comes between two waves, and there is one"),
        ("targets: {", "items: [a]\n        targets: {", "`targets` are entities, each named by its ref, so `items`"),
        ("        targets: { kind: service, where: { repository: acme/shop } }\n", "", "does not say for each of what"),
        (
            "repository: acme/shop",
            'repository: "${{ steps.x.outputs.y }}"',
            "Results of steps are not known in `targets`",
        ),
        ('"${{ inputs.version }}"', '"${{ steps.x.outputs.y }}"', "where it is about one of `targets`"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(surroundings: Surroundings, old: str, new: str, said: str | None) -> None:
    assert old in ROLL
    if said is None:
        load_action(ROLL.replace(old, new), "a.yaml", surroundings=surroundings)
        return
    with pytest.raises(DefinitionRejected) as refused:
        load_action(ROLL.replace(old, new), "a.yaml", surroundings=replace(surroundings))
    assert said in str(refused.value)


def test_a_list_of_a_million_is_refused(surroundings: Surroundings) -> None:
    many = "items: [" + ", ".join(str(number) for number in range(501)) + "]"
    text = ROLL.replace("targets: { kind: service, where: { repository: acme/shop } }", many)
    with pytest.raises(DefinitionRejected, match="13:16"):
        load_action(text, "a.yaml", surroundings=surroundings)


def test_who_is_asked_and_never_would_be(surroundings: Surroundings) -> None:
    text = ROLL.replace("pause: ask", "pause: 10m").replace("on_too_many: ask", "on_too_many: stop")
    with pytest.raises(DefinitionRejected, match="Nobody would ever be asked"):
        load_action(text, "a.yaml", surroundings=surroundings)
