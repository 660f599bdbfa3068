"""`python -m daytwo_standins.machines --root DIR --config FILE [--repositories DIR]`

Prints one JSON line (`supervisor.Ready`) on standard output when the applications answer, events on standard error,
and runs until SIGTERM or SIGINT. Exits 0 then, and 1 when it could not start. With `--repositories`, places
without a release first get version 1.0.0 from the git repository DIR/<service>.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from daytwo_standins.machines.application import Application
from daytwo_standins.machines.config import MachinesConfig, ServiceName, load_config
from daytwo_standins.machines.errors import MachinesError
from daytwo_standins.machines.journal import Journal
from daytwo_standins.machines.prepare import prepare
from daytwo_standins.machines.supervisor import applications, sole_keeper, until_ready


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop."""
    asked = _parser().parse_args(arguments)
    try:
        config = load_config(asked.config)
        with sole_keeper(asked.root):
            if asked.repositories is not None:
                prepare(asked.root, _found(asked.repositories, config), config=config)
            asyncio.run(serve(asked.root, config))
    except MachinesError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


async def serve(root: Path, config: MachinesConfig) -> None:
    """Keep everything running until a signal asks to end."""
    journal, asked_to_end = Journal(sys.stderr), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked_to_end.set)
    running = applications(root, config, journal)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(application.keep_running()) for application in running]
        tasks.append(group.create_task(_announce(running, root=root, config=config)))
        await asked_to_end.wait()
        journal.write("ending")
        for task in tasks:
            task.cancel()


async def _announce(running: Sequence[Application], *, root: Path, config: MachinesConfig) -> None:
    ready = await until_ready(running, root=root, within=config.timing.ready_within.total_seconds())
    sys.stdout.write(json.dumps(ready.as_json()) + "\n")
    sys.stdout.flush()


def _found(folder: Path, config: MachinesConfig) -> dict[ServiceName, Path]:
    services = {service for _, service, _ in config.machines()}
    return {service: folder / service for service in services if (folder / service).is_dir()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="daytwo_standins.machines", description="The example company's servers.")
    parser.add_argument("--root", type=Path, required=True, help="folder of the environments")
    parser.add_argument("--config", type=Path, required=True, help="YAML file with ports and settings")
    parser.add_argument("--repositories", type=Path, help="folder of git repositories, for a first release")
    return parser


if __name__ == "__main__":
    sys.exit(main())
