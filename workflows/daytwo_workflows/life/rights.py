"""May somebody stop or resolve a run? For those who do not ask just now, and whose word is to count all the same."""

from daytwo_actions.policy import may_stop
from daytwo_actions.roles import Permission, granted
from daytwo_store import entities
from daytwo_store.engine import Session
from daytwo_store.entities import EVERYTHING
from daytwo_store.ids import Digest, PrincipalId
from daytwo_store.tables import PrincipalRow, RunRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.people import belongings


async def may_stop_now(life: Life, session: Session, run: RunRow, person: PrincipalRow) -> bool:
    """By the run's version of the action, the entity's owner of today (or of then, when it has left the catalog), and
    what the person belongs to at this moment."""
    version = await life.definitions.of_run(session, Digest(run.version))
    entity = await entities.get(session, run.entity, sees=EVERYTHING) if run.entity else None
    belongs = await belongings(session, person.ref)
    answer = may_stop(
        principal=PrincipalId(person.id),
        requester=PrincipalId(run.requester),
        allow=version.model.spec.allow.run,
        belongs=belongs,
        owner=entity.owner if entity else run.owner,
    )
    return answer.allowed and Permission.RUN in granted(belongs)
