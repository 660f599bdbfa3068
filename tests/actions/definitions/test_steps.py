"""A runbook of every kind of step loads; what is wrong between its steps is told at its place."""

from dataclasses import replace

import pytest

from daytwo_actions.definitions import DefinitionRejected, Surroundings, load_action, restore_action
from daytwo_actions.definitions.steps.common import Effect
from daytwo_actions.definitions.steps.graph import before, needed
from daytwo_actions.definitions.steps.kinds import KINDS, kind_of

RUNBOOK = """
apiVersion: daytwo/v1
kind: Action
metadata: { name: release, title: Release }
spec:
  operation: day-2
  target: { kind: service }
  form: { pages: [{ title: What, properties: { version: { type: string } } }] }
  allow: { run: [owner] }
  approval: [{ from: [group:sre] }]
  steps:
    - id: build
      uses: github
      with: { project: a/b, pipeline: build.yml, ref: main }
      outputs: { image: { type: string }, sizes: { type: array, items: { type: integer } } }
    - id: ok
      uses: approval
      with: { from: [group:sre], text: "Is ${{ steps.build.outputs.image }} good?" }
    - id: ship
      uses: github
      with: { project: a/b, pipeline: ship.yml, ref: main, inputs: { image: "${{ steps.build.outputs.image }}" } }
      retry: { attempts: 2, wait: 1m }
      protected: true
    - id: soak
      uses: wait
      with: { for: 10m }
    - id: healthy
      uses: check
      with: { get: { service: metrics, path: /q }, until: "${{ response.body.ok }}", every: 30s, stable: 5m }
      timeout: 1h
    - id: page
      uses: http
      needs: [ship]
      if: ${{ inputs.version == '2' }}
      effect: idempotent
      with:
        service: pager
        method: POST
        path: /changes
        headers: { Authorization: "Token ${{ secrets.pager }}" }
        body: { of: "${{ entity.name }}" }
      outputs: { number: { type: integer } }
    - id: sub
      uses: action
      needs: [ship]
      with: { action: child, inputs: { version: "${{ inputs.version }}" } }
    - id: each
      uses: foreach
      needs: [build]
      with: { action: child, items: "${{ steps.build.outputs.sizes }}", inputs: { size: "${{ item }}" } }
    - id: switch
      uses: task
      needs: [ship]
      with:
        { from: [group:sre], text: Switch it, form: { pages: [{ title: A, properties: { at: { type: string } } }] } }
    - id: where
      uses: input
      with:
        from: [owner]
        form:
          pages:
            - title: Where
              properties: { size: { type: string, from: { values: "${{ steps.build.outputs.sizes }}" } } }
    - id: note
      uses: catalog
      needs: [healthy, page]
      with: { upsert: { kind: deployment, name: x, properties: { version: "${{ inputs.version }}" } } }
    - id: tell
      uses: notify
      with: { to: [requester, owner], text: "Done: ${{ steps.page.state }}" }
      on_error: continue
"""


@pytest.fixture
def around(surroundings: Surroundings) -> Surroundings:
    return replace(surroundings, services={"metrics": (), "pager": ("pager",)}, sources=("changes",))


def test_a_runbook_of_every_kind_loads(around: Surroundings) -> None:
    version = load_action(RUNBOOK, "a.yaml", surroundings=around)
    steps = version.model.spec.steps
    assert {kind_of(step) for step in steps} == {*KINDS, "dispatch"} - {"temporary"}  # below: it needs an undo of all
    assert restore_action(version.document).model == version.model
    assert [step.does for step in steps if step.id in ("build", "healthy", "page")] == [
        Effect.CHECKABLE,
        Effect.READ,
        Effect.IDEMPOTENT,
    ]


LEASE = """
apiVersion: daytwo/v1
kind: Action
metadata: { name: lend, title: Lend }
spec:
  operation: day-2
  target: { kind: service }
  form: { pages: [{ title: What, properties: { version: { type: string } } }] }
  allow: { run: [owner] }
  on_error: undo
  steps:
    - id: grant
      uses: github
      with: { project: a/b, pipeline: grant.yml, ref: main }
      undo: { uses: github, with: { project: a/b, pipeline: revoke.yml, ref: main } }
    - id: lasts
      uses: temporary
      with: { for: 4h }
"""


def test_what_is_temporary_loads_where_a_failure_is_undone(around: Surroundings) -> None:
    version = load_action(LEASE, "a.yaml", surroundings=around)
    assert [kind_of(step) for step in version.model.spec.steps] == ["dispatch", "temporary"]
    assert restore_action(version.document).model == version.model
    with pytest.raises(DefinitionRejected) as refused:
        load_action(LEASE.replace("on_error: undo", "on_error: stop"), "a.yaml", surroundings=around)
    assert "on_error: undo" in str(refused.value)


def test_an_end_that_could_not_be_moved_is_refused(around: Surroundings) -> None:
    def extendable(most: str, lasts: str = "4h") -> str:
        return LEASE.replace("{ for: 4h }", f"{{ for: {lasts}, extend: {{ from: [owner], most: {most} }} }}")

    for most in ("4h", "3h"):
        said = "It lasts 4h by itself, so its end could not be moved"
        assert any(said in one for one in _problems(extendable(most), around))
    assert load_action(extendable("4h1s"), "a.yaml", surroundings=around)
    given = '"${{ inputs.version }}"'
    assert load_action(extendable("3h", given), "a.yaml", surroundings=around), "known when its step begins"


def test_a_request_that_takes_back_what_is_temporary_says_what_twice_would_mean(around: Surroundings) -> None:
    dispatched = "{ uses: github, with: { project: a/b, pipeline: revoke.yml, ref: main } }"
    request = "{ uses: http, with: { service: pager, method: DELETE, path: /grants } }"
    assert dispatched in LEASE
    said = "a request that says nothing is `once`"
    assert any(said in one for one in _problems(LEASE.replace(dispatched, request), around))
    for effect in ("idempotent", "once"):
        named = request.replace("uses: http,", f"uses: http, effect: {effect},")
        assert load_action(LEASE.replace(dispatched, named), "a.yaml", surroundings=around)


def test_who_needs_whom(around: Surroundings) -> None:
    needs = needed(load_action(RUNBOOK, "a.yaml", surroundings=around).model.spec.steps)
    assert (needs["build"], needs["soak"], needs["note"]) == ((), ("ship",), ("healthy", "page"))
    assert before("note", needs) == {"build", "ok", "ship", "soak", "healthy", "page"}
    assert before("page", needs) == {"build", "ok", "ship"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('size: "${{ item }}"', 'size: "${{ response }}"', "`response` is not known where it is about one of many"),
        (
            'version: "${{ inputs.version }}" } }\n    - id: each',
            'a: "${{ item }}" } }\n    - id: each',
            "`item` is not",
        ),
        ('items: "${{ steps.build.outputs.sizes }}"', "items: []", "This must not be empty"),
        ("action: child, items", "max_failures: 120%, action: child, items", "does not look like"),
        ("text: Switch it,", "text: Switch it, escalate: [owner], due: 8d,", "The step is over when its `timeout` is"),
        ("text: Switch it,", "text: Switch it, remind: [3d],", "nobody is reminded after it"),
        ("from: [owner]\n        form", "from: []\n        form", "This must not be empty"),
        ("uses: task", "uses: task\n      timeout: 1h", "Without `escalate` it has as long as `due` says"),
        ("uses: task", "uses: task\n      retry: { attempts: 2 }", "People are asked once"),
        ("uses: input", "uses: input\n      outputs: { a: { type: string } }", "are the fields of its form"),
        ("outputs.sizes }}", "outputs.size }}", "`steps.build.outputs` has no `size`. Did you mean `sizes`?"),
        ("at: { type: string }", "at: { type: string, secret: true }", "No step takes the secret `switch.at`"),
        ("needs: [ship]", "needs: [shipp]", "There is no step `shipp`. Did you mean `ship`?"),
        ("needs: [ship]", "needs: [page]", "`page` cannot need itself"),
        ("needs: [ship]", "needs: [note]", "`page` needs `note`, and `note` needs `page`: neither would ever begin"),
        ("if: ${{ inputs.version == '2' }}", "if: false", "`page` can never run"),
        ("with: { for: 10m }", "with: { for: 10m }\n      timeout: 1m", "A wait takes as long as"),
        ("with: { for: 10m }", "with: { for: 10m }\n      retry: { attempts: 2 }", "A wait cannot fail for certain"),
        ("{ for: 10m }", "{ for: soon }", "A duration is written as 90s, 30m"),
        ("{ for: 10m }", "{ for: 100d }", "A duration is more than nothing and at most 90d"),
        ("{ for: 10m }", "{ until: tomorrow }", "'tomorrow' is not a time with its zone"),
        ("{ for: 10m }", "{ until: '2026-12-01T02:00:00' }", "is not a time with its zone"),
        ("{ for: 10m }", "{ until: '02:00' }", "02:00 is a time of the clock, and no `zone` says where"),
        ("{ for: 10m }", "{ until: '02:00', zone: Europe/Nowhere }", "There is no time zone 'Europe/Nowhere'"),
        ("with: { for: 10m }", "with: { for: 10m }\n      outputs: { a: { type: string } }", "A wait for no event"),
        ("uses: approval", "uses: approval\n      outputs: { a: { type: string } }", "A decision leaves nothing"),
        ("uses: catalog", "uses: catalog\n      outputs: { a: { type: string } }", "A write into the catalog leaves"),
        ("uses: notify", "uses: notify\n      outputs: { a: { type: string } }", "Telling people leaves nothing"),
        ("timeout: 1h", "retry: { attempts: 2 }", "A check looks again by itself"),
        ("timeout: 1h", "timeout: 5m", "It has to hold for 5m, and the step fails after 5m. Give it a longer"),
        ("stable: 5m }\n      timeout: 1h", "stable: 30m }", "It has to hold for 30m, and the step fails after"),
        ("uses: approval", "uses: approval\n      timeout: 1h", "How long people may decide is `expires`"),
        ("uses: catalog", "uses: catalog\n      retry: { attempts: 2 }", "What the catalog refuses it refuses again"),
        ("uses: notify", "uses: notify\n      retry: { attempts: 2 }", "Messages are tried again by themselves"),
        ("effect: idempotent", "effect: read\n      retry: { attempts: 2 }", "A request that only reads is sent again"),
        ("outputs.image }} good", "outputs.imge }} good", "`steps.build.outputs` has no `imge`. Did you mean `image`?"),
        (
            "steps.build.outputs.image }} good",
            "steps.soak.state }} good",
            "`soak` need not have ended when",
        ),
        ("steps.page.state", "steps.page.outputs.number", "`page` has an `if`, so it may have no results when `tell`"),
        ("steps.page.state", "steps.pages.state", "There is no step `pages`. Did you mean `page`?"),
        ("steps.page.state", "steps", "`steps` alone cannot be used"),
        ("ship.yml, ref: main", 'ship.yml, ref: "${{ steps.build.outputs.image }}"', "What is started has to be known"),
        ("{ for: 10m }", "{}", "A wait has `for`, `until`, `window` or `event`, and one of"),
        ("{ for: 10m }", "{ for: 10m, window: open }", "A wait has `for`, `until`, `window` or `event`, and one of"),
        (
            "{ for: 10m }",
            "{ event: { source: chnges, key: x } }",
            "There is no source of events `chnges`. Did you",
        ),
        ("{ for: 10m }", "{ for: 10m, fr: 1 }", "`fr` is not a known key here. Did you mean `for`?"),
        ("effect: idempotent", "effect: once\n      retry: { attempts: 2 }", "A step that is `once` is never repeated"),
        ("effect: idempotent", "effect: read", "A POST is no `read`"),
        ("path: /changes", 'path: "@evil.example/x"', "A path begins with exactly one slash"),
        ("path: /changes", 'path: ".evil.example/${{ inputs.version }}"', "A path begins with exactly one slash"),
        ("path: /changes", 'path: "//evil.example/x"', "A path begins with exactly one slash"),
        ("path: /changes", 'path: "/a/%2e%2E/${{ inputs.version }}"', "A path has no `.` and no `..` as a part"),
        ("path: /q }", 'path: "/../q" }', "A path has no `.` and no `..` as a part"),
        ("{ Authorization:", "{ hOst:", "The header `hOst` cannot be set by an action"),
        ("{ Authorization:", "{ Transfer-Encoding:", "The header `Transfer-Encoding` cannot be set by an action"),
        ("path: /changes", "path: /changes\n        key: Content-Length", "The header `Content-Length` cannot be set"),
        (
            "get: { service: metrics,",
            "get: { service: metrics, headers: { Host: a },",
            "The header `Host` cannot be set",
        ),
        ("effect: idempotent", "effect: checkable", "A request is `checkable` by its `probe`, and this has none"),
        ("effect: idempotent", "effect: harmless", "This is one of read, idempotent, checkable, once"),
        ("service: pager", "service: pagr", "There is no service `pagr`. Did you mean `pager`?"),
        ("secrets.pager", "secrets.other", "`other` may not be sent to `pager`"),
        ("secrets.pager", "secrets.pager ~ 'x'", "A secret cannot be part of a longer expression"),
        ("path: /changes", 'path: "/${{ secrets.pager }}"', "A secret cannot be used here"),
        ("response.body.ok", "response.boddy.ok", "`response` has no `boddy`. Did you mean `body`?"),
        ("approval: [{ from: [group:sre] }]", "approval: []", "`protected` asks those of `approval` again"),
        ("attempts: 2,", "attempts: 1,", "This must be at least 2"),
        ("uses: github", "uses: lock", "There is no kind of step `lock`"),
        ("to: [requester, owner]", "to: [everyone]", "`everyone` does not look like"),
        ("{ from: [group:sre], text", "{ from: [sre], text", "`sre` does not look like"),
    ],
)
def test_a_mistake_between_steps_is_told(around: Surroundings, old: str, new: str, expected: str) -> None:
    assert old in RUNBOOK
    problems = _problems(RUNBOOK.replace(old, new, 1), around)
    assert any(expected in problem for problem in problems), "\n".join(problems)


@pytest.mark.parametrize(
    "place",
    [
        "${{ steps.build.outputs.image }}",
        "a/b",
        "ship.yml",
        "ref: main",
        "${{ inputs.version == '2' }}",
        '"${{ inputs.version }}" } } }',
        "Done: ${{ steps.page.state }}",
        "${{ response.body.ok }}",
    ],
)
def test_a_secret_goes_into_no_pipeline_and_nowhere_else_that_people_read(around: Surroundings, place: str) -> None:
    """What a pipeline is given can be read by everybody who can read the repository (design §5)."""
    assert place in RUNBOOK
    secret = "${{ false and secrets.pager }}"
    new = {"ref: main": f'ref: "{secret}"', '"${{ inputs.version }}" } } }': f'"{secret}" }} }} }}'}.get(place, secret)
    new = f'"{new}"' if place in ("a/b", "ship.yml") else new
    problems = _problems(RUNBOOK.replace(place, new, 1), around)
    assert any("A secret cannot be used here" in problem and "own identity" in problem for problem in problems), (
        problems
    )


def _naming(condition: str | None, named: str = "steps.page.outputs.number", on_error: str = "fail") -> str:
    """The runbook whose last step names a result of `page`, which has an `if`."""
    when = f"on_error: continue\n      if: ${{{{ {condition} }}}}" if condition else "on_error: continue"
    text = RUNBOOK.replace("steps.page.state }}", f"{named} }}}}").replace("on_error: continue", when)
    return text.replace("effect: idempotent", f"effect: idempotent\n      on_error: {on_error}")


GOOD = "steps.page.state == 'succeeded'"
MISSING = "`page` has an `if`, so it may have no results when `tell` begins"


@pytest.mark.parametrize(
    "condition",
    [
        GOOD,
        "'succeeded' == steps.page.state",
        f"inputs.version == '2' and ({GOOD}) and true",
        f"({GOOD} and inputs.version == '1') or (inputs.version == '2' and {GOOD})",
        "inputs.version == '2'",  # as `page` itself has it, and its failure ends the run
    ],
)
def test_a_result_that_may_be_missing_is_named_where_its_step_has_succeeded(
    around: Surroundings, condition: str
) -> None:
    assert load_action(_naming(condition), "a.yaml", surroundings=around)


@pytest.mark.parametrize(
    "condition",
    [
        "steps.page.state != 'succeeded'",
        "steps.page.state == 'failed'",
        f"{GOOD} or inputs.version == '2'",
        f"not ({GOOD})",
        f"not not ({GOOD})",
        f"true if {GOOD} else true",
        "steps.page.state in ['succeeded', 'failed']",
        "steps.page.state == steps.healthy.state",
        "steps.healthy.state == 'succeeded'",
        "inputs.version == '2' and true",
    ],
)
def test_no_other_condition_does(around: Surroundings, condition: str) -> None:
    assert any(MISSING in one for one in _problems(_naming(condition), around))


def test_the_same_condition_does_not_where_the_run_goes_on_without_it(around: Surroundings) -> None:
    assert any(MISSING in one for one in _problems(_naming("inputs.version == '2'", on_error="continue"), around))
    assert load_action(_naming(GOOD, on_error="continue"), "a.yaml", surroundings=around)


def test_a_result_that_may_be_missing_is_named_with_what_is_meant_instead(around: Surroundings) -> None:
    number = "steps.page.outputs.number"
    assert load_action(_naming(None, f"{number} | default(0)"), "a.yaml", surroundings=around)
    assert any(MISSING in one for one in _problems(_naming(None, f"0 | default({number})"), around))


def _problems(text: str, around: Surroundings) -> list[str]:

    with pytest.raises(DefinitionRejected) as caught:
        load_action(text, "a.yaml", surroundings=around)
    return [str(problem) for problem in caught.value.problems]


def test_a_services_own_token_is_nobody_elses_header(around: Surroundings) -> None:
    load_action(RUNBOOK, "a.yaml", surroundings=replace(around, tokens={"metrics"}))
    with pytest.raises(DefinitionRejected, match="carries the service's own token"):
        load_action(RUNBOOK, "a.yaml", surroundings=replace(around, tokens={"pager"}))
