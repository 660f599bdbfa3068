"""The kinds of step, by name: the one table of them."""

from collections.abc import Mapping
from typing import Final

from daytwo_workflows.life.steps.approval import APPROVAL
from daytwo_workflows.life.steps.call import CALL
from daytwo_workflows.life.steps.catalog import CATALOG
from daytwo_workflows.life.steps.check import CHECK
from daytwo_workflows.life.steps.dispatch import next_of_dispatch
from daytwo_workflows.life.steps.dispatch_stop import stop_dispatch
from daytwo_workflows.life.steps.http import HTTP
from daytwo_workflows.life.steps.kind import Kind
from daytwo_workflows.life.steps.notify import NOTIFY
from daytwo_workflows.life.steps.people import PEOPLE
from daytwo_workflows.life.steps.temporary import TEMPORARY
from daytwo_workflows.life.steps.wait import WAIT

KINDS: Final[Mapping[str, Kind]] = {
    "dispatch": Kind(next=next_of_dispatch, stop=stop_dispatch, outside=True),
    "action": CALL,
    "approval": APPROVAL,
    "catalog": CATALOG,
    "check": CHECK,
    "foreach": CALL,
    "http": HTTP,
    "input": PEOPLE,
    "notify": NOTIFY,
    "task": PEOPLE,
    "temporary": TEMPORARY,
    "wait": WAIT,
}
