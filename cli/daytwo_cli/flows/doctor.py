"""`daytwo doctor`: open runs that have nobody, nothing or no time to wait for."""

import json

from pydantic import JsonValue

from daytwo_cli.errors import Unreachable
from daytwo_cli.exits import Exit
from daytwo_cli.flows.on_database import environment_of, on_store, or_usage
from daytwo_cli.tools import Tools
from daytwo_store.engine import Store
from daytwo_store.ids import RunId
from daytwo_workflows.client import connected
from daytwo_workflows.doctor import MENDED_BY_DRIVING, Examined, examine, mend
from daytwo_workflows.settings import Settings


def see_the_doctor(tools: Tools, *, mended: bool, as_json: bool) -> Exit:
    """Without `mended` nothing is changed. Raises `Unreachable` when the database or Temporal does not answer."""
    settings = or_usage(lambda: Settings.read(environment_of(tools)))

    async def work(store: Store) -> tuple[Examined, list[RunId]]:
        driver = await connected(settings.temporal_address, settings.temporal_namespace)
        if driver is None:
            raise Unreachable(
                f"Temporal at {settings.temporal_address} does not answer, so nothing can be said about workflows. "
                "Nothing was changed. Runs stand in the database, and go on when it is back."
            )
        examined = await examine(store, driver, settings.windows)
        return examined, await mend(driver, examined.found) if mended else []

    examined, driven = on_store(settings.store, work)
    if as_json:
        tools.out.json(to_json(examined, driven))
    else:
        show(tools, examined, driven, mended=mended)
    return exit_of(examined, driven)


def show(tools: Tools, examined: Examined, driven: list[RunId], *, mended: bool) -> None:
    rows = [(one.run.id, one.run.action, one.run.state, one.trouble, one.detail) for one in examined.found]
    tools.out.table(("RUN", "ACTION", "STATE", "TROUBLE", "WHAT"), rows, empty="Nothing was found.")
    for trouble in dict.fromkeys(one.trouble for one in examined.found):
        first = next(one for one in examined.found if one.trouble is trouble)
        tools.out.note(f"{trouble}: {first.mend}")
    by_driving = {one.run.id for one in examined.found if one.trouble in MENDED_BY_DRIVING}
    if mended:
        tools.out.note(f"{len(driven)} of {len(by_driving)} runs were driven.")
    elif by_driving:
        tools.out.note(f"Nothing was changed. `daytwo doctor --mend` drives {len(by_driving)} of them.")
    if not examined.asked_temporal:
        tools.out.note("Temporal did not answer, so whether each open run has its workflow is not known. Ask again.")
    tools.out.note(f"{examined.open} runs are open.")


def to_json(examined: Examined, driven: list[RunId]) -> str:
    found: list[JsonValue] = [
        {
            "run": one.run.id,
            "action": one.run.action,
            "state": one.run.state,
            "trouble": one.trouble,
            "detail": one.detail,
            "mend": one.mend,
            "driven": one.run.id in driven,
        }
        for one in examined.found
    ]
    return json.dumps({"open": examined.open, "asked_temporal": examined.asked_temporal, "found": found})


def exit_of(examined: Examined, driven: list[RunId]) -> Exit:
    """Somebody has to look, unless all that was found is mended; nobody knows while Temporal does not answer."""
    if not examined.asked_temporal:
        return Exit.UNREACHABLE
    left = [one for one in examined.found if one.run.id not in driven or one.trouble not in MENDED_BY_DRIVING]
    return Exit.NEEDS_ATTENTION if left else Exit.SUCCESS
