"""The story, scene by scene. Every claim is checked: in the API, in the catalog, at the application, in the ledger."""

import yaml

from daytwo_api.views.runs import RunView
from daytwo_cli.demo.incident import incident
from daytwo_cli.demo.stage import Stage, answer, finished, kill_the_worker, worker_after
from daytwo_cli.demo.steps import StoryBroken, expect
from daytwo_cli.errors import Refused
from daytwo_cli.show.plan import pairs, print_differences
from daytwo_standins.shared.control import ControlClient

_CART = "/cart?mug=2&tea=1"
_PLACES = ("staging", "production")
_TRIES = 3  # a pipeline of seconds may end before its worker is killed


def play(stage: Stage) -> None:
    """All scenes. Raises StoryBroken, or what the API refused."""
    _world(stage, "Before")
    _staging_needs_nobody(stage)
    good = _production_needs_another_person(stage)
    _a_release_that_fails_its_check(stage, good)
    _meanwhile_in_staging(stage)
    bad = _a_bad_release_goes_out(stage)
    _undo(stage, bad)
    _the_worker_is_killed(stage)
    incident(stage)
    _one_dispatch_each(stage)
    _world(stage, "After")


def _staging_needs_nobody(stage: Stage) -> None:
    with stage.steps.step("Ana deploys shop 1.1.0 to staging", expected="no approval; staging answers 1.1.0") as step:
        run = finished(stage, stage.ana.deploy("1.1.0", "staging"), wanted="succeeded")
        expect("the number of approvals", seen=len(run.approvals), wanted=0)
        _true_everywhere(stage, "staging", "1.1.0", run)
        step.seen = "no approval; staging answers 1.1.0"


def _production_needs_another_person(stage: Stage) -> RunView:
    title = "Ana asks for 1.1.0 in production and tries to approve it herself"
    with stage.steps.step(title, expected="refused: four eyes") as step:
        run = _waiting(stage, stage.ana.deploy("1.1.0", "production"))
        try:
            stage.ana.approve(stage.ana.approval_of(run))
        except Refused as refusal:
            stage.out.line(f"   the server says: {refusal}")
            expect("four eyes as the reason", seen="four eyes" in str(refusal), wanted=True)
            expect("the run", seen=str(stage.ana.run(run.id).state), wanted="waiting_approval")
            step.seen = "refused: four eyes"
        else:
            raise StoryBroken("Ana could approve her own request")
    title = "Sam reads the sealed plan and approves its digest"
    with stage.steps.step(title, expected="production answers 1.1.0, the catalog links the run") as step:
        done = _approved(stage, run, in_full=True)
        _true_everywhere(stage, "production", "1.1.0", done)
        step.seen = f"production answers 1.1.0, the catalog links {done.id}"
    return done


def _a_release_that_fails_its_check(stage: Stage, good: RunView) -> None:
    title = "1.2.0 for production, approved by Sam, fails its check"
    with stage.steps.step(title, expected="failed; production still answers 1.1.0") as step:
        run = _approved(stage, _waiting(stage, stage.ana.deploy("1.2.0", "production")), wanted="failed")
        if run.first_error is None:
            raise StoryBroken("the run does not show the line that failed")
        stage.out.line("   the failing line:")
        stage.out.log(run.first_error.job, run.first_error.text)
        _true_everywhere(stage, "production", "1.1.0", good)
        step.seen = f"failed at line {run.first_error.number} of its log; production still answers 1.1.0"


def _meanwhile_in_staging(stage: Stage) -> None:
    title = "Ana brings 1.0.0 back to staging, so that staging and production differ"
    with stage.steps.step(title, expected="staging answers 1.0.0") as step:
        run = finished(stage, stage.ana.deploy("1.0.0", "staging"), wanted="succeeded")
        _true_everywhere(stage, "staging", "1.0.0", run)
        step.seen = "staging answers 1.0.0"


def _a_bad_release_goes_out(stage: Stage) -> RunView:
    title = "1.3.0 goes to production; its checks are green, but the cart is wrong"
    with stage.steps.step(title, expected="production answers 1.3.0 with another total") as step:
        right = _total(stage)
        run = _approved(stage, _waiting(stage, stage.ana.deploy("1.3.0", "production")))
        _true_everywhere(stage, "production", "1.3.0", run)
        wrong = _total(stage)
        stage.out.line(f"   {_CART} costs {wrong} now; before it was {right}")
        if wrong == right:
            raise StoryBroken(f"1.3.0 should be bad, but its cart still costs {right}")
        step.seen = f"production answers 1.3.0; the cart costs {wrong} instead of {right}"
    return run


def _undo(stage: Stage, bad: RunView) -> None:
    title = "Ana undoes it with one request, Sam approves"
    with stage.steps.step(title, expected="1.1.0 again: what ran in production, not what was last in staging") as step:
        run = _approved(stage, _waiting(stage, stage.ana.undo(bad.id)))
        expect("the run that it undoes", seen=run.undo_of, wanted=bad.id)
        _true_everywhere(stage, "production", "1.1.0", run)
        total = _total(stage)
        step.seen = f"production answers 1.1.0; the cart costs {total}"


def _the_worker_is_killed(stage: Stage) -> None:
    title = "The worker is killed (SIGKILL) in the middle of a deploy"
    with stage.steps.step(title, expected="it comes back; the run succeeds; one dispatch") as step:
        run, worker = _killed_while_it_ran(stage)
        done = finished(stage, run, wanted="succeeded")
        _true_everywhere(stage, "staging", "1.1.0", done)
        step.seen = f"worker {worker} → {worker_after(stage, worker)}; the run succeeded"


def _one_dispatch_each(stage: Stage) -> None:
    title = "The stand-in's ledger: how often was each run really dispatched?"
    with stage.steps.step(title, expected="once") as step, ControlClient(stage.house.ci.control) as control:
        markers = [line["inputs"].get("daytwo_run") for line in control.ledger()]
        sent = [attempt.marker for run in stage.ana.runs() for one in run.steps for attempt in one.attempts]
        twice = sorted({marker for marker in markers if markers.count(marker) > 1})
        expect("the list of runs that were dispatched twice", seen=twice, wanted=[])
        expect("what the ledger counts", seen=sorted(markers), wanted=sorted(sent))
        step.seen = f"once: {len(markers)} dispatches for {len(sent)} attempts"


def _killed_while_it_ran(stage: Stage) -> tuple[RunView, int]:
    """The run that was going on when its worker was killed, and that worker's process id."""
    for _ in range(_TRIES):
        run = stage.ana.deploy("1.1.0", "staging")
        stage.ana.wait(run.id, _has_a_pipeline)
        worker = kill_the_worker(stage)
        now = stage.ana.run(run.id)
        if now.state != "succeeded":
            expect("the run, without a worker,", seen=str(now.state), wanted="running")
            return run, worker
        stage.out.line(f"   {run.id} had ended before its worker was killed: again")
    raise StoryBroken(f"{_TRIES} deploys ended before their worker could be killed")


def _has_a_pipeline(run: RunView) -> bool:
    return any(attempt.external is not None for step in run.steps for attempt in step.attempts)


def _waiting(stage: Stage, run: RunView) -> RunView:
    """It waits for Sam, and nothing has been sent."""
    found = stage.ana.wait(run.id, lambda now: now.state == "waiting_approval" and bool(now.approvals))
    expect("the run", seen=str(found.state), wanted="waiting_approval")
    expect("the number of attempts before approval", seen=sum(len(one.attempts) for one in found.steps), wanted=0)
    return found


def _approved(stage: Stage, run: RunView, *, wanted: str = "succeeded", in_full: bool = False) -> RunView:
    """Sam reads what is sealed and agrees to its digest."""
    approval = stage.sam.approval_of(run)
    stage.out.line(f"   Sam reads the sealed plan of {run.id}: {pairs(approval.inputs)}")
    print_differences(lambda text: stage.out.line(f"     {text}"), approval.differences, approval.previous_run)
    if in_full:
        for line in yaml.safe_dump(dict(approval.sealed), sort_keys=False, width=110).splitlines():
            stage.out.line(f"     {line}")
    stage.sam.approve(approval)
    stage.out.line(f"   Sam approves {approval.digest}")
    return finished(stage, run, wanted=wanted)


def _true_everywhere(stage: Stage, environment: str, version: str, run: RunView) -> None:
    """The application answers with this version, and the catalog says so and names the run."""
    expect(f"what {environment} answers", seen=_version(stage, environment), wanted=version)
    entity = stage.ana.entity(f"deployment:shop-{environment}")
    expect(f"the catalog's version of {environment}", seen=entity.properties.get("version"), wanted=version)
    expect(f"the run that the catalog names for {environment}", seen=entity.properties.get("run"), wanted=run.id)


def _version(stage: Stage, environment: str) -> str:
    return str(answer(stage, environment, "/version")["version"])


def _total(stage: Stage) -> str:
    cart = answer(stage, "production", _CART)
    return f"{cart['total']} {cart['currency']}"


def _world(stage: Stage, title: str) -> None:
    stage.out.line("")
    stage.out.line(f"{title}: the catalog, and what the applications really answer")
    rows = []
    for environment in _PLACES:
        entity = stage.ana.entity(f"deployment:shop-{environment}")
        says = str(entity.properties.get("version"))
        rows.append((entity.ref, says, _version(stage, environment), str(entity.properties.get("run") or "–")))
    stage.out.table(("ENTITY", "CATALOG", "ANSWERS", "RUN"), rows, empty="nothing")
