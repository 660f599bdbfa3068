"""Secret inputs of a run: told apart by a keyed fingerprint, handed to its pipeline once, and kept from everybody else.

Who asks was verified before (`claiming`). What is handed out is written down first, in the same transaction: an answer
that is lost on its way is not given a second time.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

import structlog

from daytwo_actions.plan.model import Plan
from daytwo_store import runs, secret_values
from daytwo_store.engine import Session, Topic, Tx
from daytwo_store.errors import DaytwoError, Rejected
from daytwo_store.ids import RunId, StepPath
from daytwo_store.tables import AttemptRow, RunRow
from daytwo_workflows.life.claiming import Asking, ByToken, Known, external_of, held, refusal_of
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.planning import Aimed

log = structlog.get_logger()
_MAKES_TOKENS: Final = frozenset({"github", "gitlab"})  # kinds whose jobs have tokens of the CI system's own


class SecretsRefused(DaytwoError):
    """Nothing was handed out."""

    status = 409
    type = "secrets-refused"
    title = "These secrets are not handed out"


def fingerprints(life: Life, run: RunId, values: Mapping[str, str]) -> dict[str, str]:
    """Of each secret what stands in the plan: the same for the same value in the same run, and nothing besides."""
    return {name: _fingerprint(life.fingerprint_key, run, name, value) for name, value in values.items()}


def _fingerprint(key: bytes, run: RunId, name: str, value: str) -> str:
    parts = [part.encode() for part in (run, name, value)]
    message = b"".join(b"%d:%s," % (len(part), part) for part in parts)
    return "hmac-sha256:" + hmac.digest(key, message, hashlib.sha256).hex()


async def fingerprints_of(life: Life, session: Session, run: RunId) -> dict[str, str]:
    """Of what is stored now and was asked for with the run. Raises `UnknownKey`, `SecretGone`, `SealBroken`,
    `NotSealed`."""
    stored = await secret_values.open_inputs(session, life.keys.ring, run)
    return fingerprints(life, run, {name: value for name, value in stored.items() if "." not in name})


def must_be_collectable(life: Life, aimed: Aimed) -> None:
    """Raises `Rejected` when a step's pipeline could not say who it is, and so could not collect its secrets."""
    for step in aimed.program.steps:
        wanted = [name for name in step.secrets if name in aimed.facts.secrets or "." in name]
        backend = life.backends.get(step.uses)
        if not wanted or backend is None or step.uses in life.hand_tokens or backend.traits.kind in _MAKES_TOKENS:
            continue
        raise Rejected(
            f"Step {step.path} takes the secret {wanted[0]}, and runs on {step.uses} have nothing by which they are "
            "known here, so they could not collect it. Nothing was started. An administrator sets `run_tokens: true` "
            f"for the connection {step.uses}; see docs/how-to/secrets.md."
        )


async def collect(life: Life, before: Known, asking: Asking) -> dict[str, str]:
    """The secrets of a step for its pipeline, once. Raises `SecretsRefused`, `Unavailable`."""
    external = await external_of(life, before, asking)
    async with life.store.write() as tx:
        run, attempt = await held(tx, before)
        step = await runs.step(tx.session, RunId(run.id), StepPath(attempt.path))
        refusal = await refusal_of(tx, run, attempt, asking, external) or _not_known_enough(life, attempt, asking)
        if refusal is None and step.secrets_at is not None:
            refusal = f"They were collected before, by {step.secrets_by}: they are handed out once."
        if refusal is None:
            given = await _given(life, tx, run, attempt)
            step.secrets_at, step.secrets_by = tx.now, asking.execution
            _tell(tx, attempt, asking, "secrets.collected", name=", ".join(given))
            tx.notify(Topic.RUN, run.id)
            return given
        _tell(tx, attempt, asking, "secrets.refused", why=refusal)
    log.warning("secrets.refused", run=run.id, step=attempt.path, attempt=attempt.no)
    raise SecretsRefused(f"{refusal} Nothing was handed out. This execution has to end; start a new run from Daytwo.")


def _not_known_enough(life: Life, attempt: AttemptRow, asking: Asking) -> str | None:
    """An attempt's own token can be read by whoever reads the pipeline's inputs; a claim says who has it."""
    if not isinstance(asking, ByToken):
        planned = attempt.request["commit"]
        if asking.commit not in (None, planned):
            return f"It runs commit {str(asking.commit)[:12]}, and {str(planned)[:12]} was planned."
        return None
    backend = life.backends.get(attempt.connection)
    if backend is not None and backend.traits.kind in _MAKES_TOKENS:
        return (
            f"Jobs of {backend.traits.title} collect secrets with the token that it makes for them: the attempt's own "
            "can be read by everybody who can read the repository."
        )
    if attempt.claimed_by != asking.execution:
        return "With the attempt's own token an execution has to claim it first (`/ci/claim`), and this one has not."
    return None


async def _given(life: Life, tx: Tx, run: RunRow, attempt: AttemptRow) -> dict[str, str]:
    """What the approved plan gives this step, as long as it is what was planned."""
    plan = Plan.model_validate_json(run.plan)
    names = plan.dispatch(attempt.path).secrets
    stored = await secret_values.open_inputs(tx.session, life.keys.ring, RunId(run.id))
    marks = fingerprints(life, RunId(run.id), stored)
    for name in names:
        if "." in name:  # filled in at a step, after the plan was made
            continue
        if not hmac.compare_digest(marks.get(name, ""), plan.secrets[name]):
            raise SecretsRefused(f"The stored secret {name} is not the one that was planned. Nothing was handed out.")
    return {name: stored[name] for name in names if name in stored}


def _tell(tx: Tx, attempt: AttemptRow, asking: Asking, action: str, **facts: str) -> None:
    tx.audit(
        actor="daytwo",
        action=action,
        subject=f"run:{attempt.run_id}",
        facts={"step": attempt.path, "attempt": str(attempt.no), "execution": asking.execution, **facts},
    )
