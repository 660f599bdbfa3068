"""`daytwo up`: the house in the foreground of a terminal, until somebody asks it to end."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from daytwo_cli.exits import Exit
from daytwo_cli.up.folder import DataFolder
from daytwo_cli.up.house import House, Wish

_ASKS_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stay(wish: Wish, say: Callable[[str], None]) -> Exit:
    """Start the house and keep it until Ctrl-C, SIGTERM or SIGHUP. Raises CliError."""
    folder = DataFolder.create(wish.data)
    with folder.sole_user():
        return asyncio.run(_stay(House.plan(wish, folder), unfailing(say)))


async def _stay(house: House, say: Callable[[str], None]) -> Exit:
    came_up = False
    with cancelled_by_signal(say):
        try:
            async with house.running(say):
                came_up = True
                for line in welcome(house):
                    say(line)
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            say(f"Stopped. Everything is kept in {house.folder.root}.")
    return Exit.SUCCESS if came_up else Exit.INTERRUPTED


def welcome(house: House) -> list[str]:
    """What one needs to know once it runs."""
    people = [f"  {line}" for line in house.people()]
    where = f"Data: {house.folder.root}. Logs: {house.folder.root / 'logs'}. Ctrl-C stops everything."
    how = "Sign in there as one of" if people else "Sign in there at the identity provider, as anybody of the company."
    return ["", f"Daytwo runs: {house.product.page}", how, *people, *_systems(house), *house.contracts(), where]


def _systems(house: House) -> list[str]:
    """Which CI systems there are to choose from; nothing when it is GitHub's alone, as always."""
    running = [f"{kind.called} ({standin.address})" for kind, standin in house.standins.items()]
    told = [f"CI systems: {', '.join(running)}."] if len(running) > 1 else []
    return [*told, house.left_out] if house.left_out else told


def unfailing(say: Callable[[str], None]) -> Callable[[str], None]:
    """The same, silent once nobody reads it: a closed terminal must not keep us from healing and stopping."""

    def quietly(text: str) -> None:
        with suppress(OSError):
            say(text)

    return quietly


@contextmanager
def cancelled_by_signal(say: Callable[[str], None]) -> Iterator[None]:
    """The first request to end cancels the current task, which then stops what it started.

    The second one ends this process at once, and with it, by the kernel's hand, everything that it started.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def first() -> None:
        for number in _ASKS_TO_END:
            loop.add_signal_handler(number, _at_once)
        task.cancel()
        say("Stopping. What runs in the pipelines goes on, and is found again at the next start.")

    for number in _ASKS_TO_END:
        loop.add_signal_handler(number, first)
    try:
        yield
    finally:
        for number in _ASKS_TO_END:
            loop.remove_signal_handler(number)


def _at_once() -> None:
    sys.stderr.write("Ended at once; the next start repairs what was cut off.\n")
    sys.stderr.flush()
    os._exit(Exit.INTERRUPTED)
