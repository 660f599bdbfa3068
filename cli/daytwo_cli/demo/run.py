"""Starting the company, playing the story, telling how it went."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from daytwo_cli.demo.person import Person
from daytwo_cli.demo.stage import Stage
from daytwo_cli.demo.steps import Steps
from daytwo_cli.demo.story import play
from daytwo_cli.errors import CliError
from daytwo_cli.exits import Exit
from daytwo_cli.tools import Tools
from daytwo_cli.up.folder import DataFolder
from daytwo_cli.up.foreground import cancelled_by_signal, unfailing
from daytwo_cli.up.house import House, Wish


def demo(tools: Tools, wish: Wish | None, *, examples: Path | None) -> Exit:
    """Play it in the wished-for data folder, or in a temporary one, which is removed when all went well."""
    temporary = Path(tempfile.mkdtemp(prefix="daytwo-demo-")) if wish is None else None
    wish = wish or Wish(data=temporary or Path(), examples=examples)
    folder = DataFolder.create(wish.data)
    with folder.sole_user():
        code = asyncio.run(_in_house(tools, House.plan(wish, folder)))
    if code is Exit.SUCCESS and temporary is not None:
        shutil.rmtree(temporary, ignore_errors=True)
    else:
        tools.out.note(f"Everything is kept in {folder.root}; the logs of all processes are in {folder.root / 'logs'}.")
    return code


async def _in_house(tools: Tools, house: House) -> Exit:
    steps, say = Steps(tools.out.line), unfailing(tools.out.line)
    with cancelled_by_signal(say):
        try:
            async with house.running(say):
                return await asyncio.to_thread(_story, tools, house, steps)
        except asyncio.CancelledError:
            return Exit.INTERRUPTED


def _story(tools: Tools, house: House, steps: Steps) -> Exit:
    ana, sam = (Person.sign_in(name, house.product.page, tools) for name in ("ana", "sam"))
    tools.out.line(f"\nDaytwo runs: {house.product.page}. Ana and Sam are signed in.")
    broken: CliError | None = None
    try:
        play(Stage(house, ana, sam, steps, tools.out))
    except CliError as error:
        broken = error
    finally:
        for person in (ana, sam):
            person.sign_out()
    tools.out.line("")
    tools.out.table(
        ("STEP", "EXPECTED", "SEEN", "TIME"), [step.row for step in steps.done], empty="Nothing was played."
    )
    if broken is not None:
        tools.out.note(f"\nThe story broke: {broken}")
        return Exit.FAILED
    tools.out.line(f"\nAll {len(steps.done)} steps did what they say. Now look around yourself: daytwo up")
    return Exit.SUCCESS
