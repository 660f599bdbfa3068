"""Which chaos tests run: those marked `short` with `make test`, all with `make chaos` or when they are named."""

import os
import random
from pathlib import Path
from typing import Final

import pytest

SEED: Final = "DAYTWO_CHAOS_SEED"
HERE: Final = Path(__file__).resolve().parents[1]
_FIXED: Final = 20260101  # the short ones do the same every time


def wants_all(config: pytest.Config) -> bool:
    """`-m chaos`, or a path into this folder on the command line."""
    named = any(HERE in (Path(arg.partition("::")[0]).resolve() / "x").parents for arg in config.args)
    return "chaos" in config.option.markexpr or named


def choose(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless it is wanted."""
    if wants_all(config):
        return
    left_out = [item for item in items if item.get_closest_marker("chaos") and not item.get_closest_marker("short")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def seed_of(item: pytest.Item) -> int:
    """The seed of one test: named in the environment, else fixed for short runs and fresh for long ones."""
    named = os.environ.get(SEED)
    if named:
        return int(named)
    return random.SystemRandom().randrange(1 << 31) if wants_all(item.config) else _FIXED


def replay(item: pytest.Item, seed: int) -> str:
    """The command that does it again."""
    return f"{SEED}={seed} .venv/bin/python -m pytest '{item.nodeid}'"
