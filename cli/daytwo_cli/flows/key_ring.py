"""Looking after the key ring: its file on this machine, and what in the database needs which key."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from daytwo_cli.errors import CliError, Usage
from daytwo_cli.flows.on_database import environment_of, on_store, or_usage
from daytwo_cli.tools import Tools
from daytwo_store import secret_values
from daytwo_store.engine import Store
from daytwo_store.keyring import KeyId, KeyRing
from daytwo_workflows.key_file import new_key, read_ring, write_ring
from daytwo_workflows.secret_care import SecretCare
from daytwo_workflows.settings import Settings


def add_key(tools: Tools) -> None:
    settings, path = _settings(tools)
    kid, ring = new_key(_ring(path) if path.exists() else KeyRing(None, {}), datetime.now(UTC))
    on_store(settings.store, lambda store: _tell(store, "key.added", kid))
    write_ring(path, ring)
    tools.out.line(kid)
    if ring.active == kid:
        tools.out.note(f"{path} was made, and {kid} is active. Every API and worker needs this file.")
    else:
        tools.out.note(f"{kid} is in {path}, and not active yet. Once every API and worker has the file as it is now:")
        tools.out.note(f"  daytwo keys rotate {kid}")


def show_keys(tools: Tools, *, as_json: bool) -> None:
    settings, path = _settings(tools)
    ring = or_usage(settings.keys).ring
    counts = on_store(settings.store, _counts)
    rows = [
        (kid, "active" if kid == ring.active else "" if kid in ring.keys else "MISSING", str(counts.get(kid, 0)))
        for kid in sorted({*ring.keys, *map(KeyId, counts)})
    ]
    if as_json:
        found = [{"key": kid, "state": state or "readable", "secrets": int(count)} for kid, state, count in rows]
        return tools.out.json(json.dumps(found))
    return tools.out.table(("KEY", "STATE", "SECRETS"), rows, empty=f"There is no key in {path}.")


def rotate_to(tools: Tools, wanted: str | None) -> None:
    settings, path = _settings(tools)
    ring = _ring(path)
    kid = KeyId(wanted) if wanted else next((one for one in reversed(list(ring.keys)) if one != ring.active), None)
    if kid is None:
        raise Usage(f"There is no other key in {path}. Nothing was changed. Add one: daytwo keys new.")
    if kid not in ring.keys:
        raise Usage(f"There is no key {kid} in {path}. Nothing was changed. `daytwo keys list` shows them.")
    if kid != ring.active:
        on_store(settings.store, lambda store: _tell(store, "key.activated", kid))
        write_ring(path, KeyRing(kid, ring.keys))
    keys = or_usage(settings.keys)

    async def reseal(store: Store) -> tuple[int, Mapping[str, int]]:
        care = SecretCare(store=store, keys=keys, retention=settings.secret_retention)
        return await care.reseal(), await _counts(store)

    changed, counts = on_store(settings.store, reseal)
    tools.out.line(f"{kid} is active; {_many(changed)} encrypted with it.")
    for other, left in sorted(counts.items()):
        if other != kid:
            tools.out.note(
                f"{left} still need {other}"
                + ("." if other in keys.ring.keys else ", which is not in the file: put it back, they are not lost.")
            )


def retire_key(tools: Tools, wanted: str) -> None:
    settings, path = _settings(tools)
    ring, kid = _ring(path), KeyId(wanted)
    if kid not in ring.keys:
        raise Usage(f"There is no key {kid} in {path}. Nothing was changed. `daytwo keys list` shows them.")
    if kid == ring.active:
        raise Usage(f"{kid} is the active key. Nothing was changed. Make another one active: daytwo keys rotate.")
    counts = on_store(settings.store, _counts)
    if counts.get(kid):
        raise CliError(
            f"{_many(counts[kid])} encrypted with {kid}, so it was not retired and nothing was changed. Encrypt "
            f"them with the active key first: daytwo keys rotate {ring.active}."
        )
    on_store(settings.store, lambda store: _tell(store, "key.retired", kid))
    write_ring(path, KeyRing(ring.active, {name: key for name, key in ring.keys.items() if name != kid}))
    tools.out.line(f"{kid} is retired: it is no longer in {path}.")
    tools.out.note("Destroy the copies of it, too: then what backups still hold under it can never be read again.")


def _many(count: int) -> str:
    return "1 stored secret is" if count == 1 else f"{count} stored secrets are"


async def _counts(store: Store) -> Mapping[str, int]:
    async with store.read() as session:
        return await secret_values.count_by_key(session)


async def _tell(store: Store, action: str, kid: KeyId) -> None:
    async with store.write() as tx:
        tx.audit(actor="operator", action=action, subject=f"key:{kid}")


def _settings(tools: Tools) -> tuple[Settings, Path]:
    """From the environment; without one, of the house that `daytwo up` keeps in this folder."""
    settings = or_usage(lambda: Settings.read(environment_of(tools)))
    if settings.key_ring_file is None:
        raise Usage(
            "DAYTWO_KEY_RING_FILE is not set: the file in which the keys are to be. Nothing was changed. Until there "
            "is one, a key that comes from DAYTWO_SECRET_FILE is used, and that cannot be rotated."
        )
    return settings, settings.key_ring_file


def _ring(path: Path) -> KeyRing:
    return or_usage(lambda: read_ring(path))
