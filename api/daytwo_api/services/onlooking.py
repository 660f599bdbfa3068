"""Who asks, as the queries know somebody who looks."""

from daytwo_api.asker import Asker
from daytwo_store.run_visibility import Onlooker


def onlooker(by: Asker) -> Onlooker:
    return Onlooker(belongs=by.belongs, principal=by.principal)
