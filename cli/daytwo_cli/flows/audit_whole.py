"""Verify or cut the audit: on the database itself, since whoever verifies trusts no server in between."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from daytwo_cli.errors import CliError, Declined, Usage
from daytwo_cli.flows.on_database import environment_of, on_store, or_usage
from daytwo_cli.tools import Tools
from daytwo_store import audit_cut
from daytwo_store.audit_check import Broken, Whole, known_keys, verify
from daytwo_store.checkpoints import Checkpoint, read_lines
from daytwo_store.engine import Store
from daytwo_store.signing import KeyRing, KeyUnusable, public_keys
from daytwo_workflows.settings import AuditSettings


def verify_audit(tools: Tools, checkpoints: Sequence[Path], keys: Sequence[Path], *, as_json: bool) -> None:
    """Raises CliError that names the entry when the chain does not hold."""
    settings = _settings(tools)
    ring = known_keys([or_usage(settings.trusted), read_keys(keys)])
    own = settings.audit_checkpoints
    files = [*checkpoints] or ([own] if own is not None and own.exists() else [])
    outside = [one for file in files for one in read_file(tools, file)]

    async def work(store: Store) -> Broken | Whole:
        async with store.read() as session:
            show = tools.out.progress
            return await verify(
                session, keys=ring, outside=outside, progress=lambda n: show(f"{n} entries are verified")
            )

    found = on_store(settings.store, work)
    tools.out.finish()
    if as_json:
        tools.out.json(_json(found))
    if isinstance(found, Broken):
        raise CliError(f"The audit does not hold at entry {found.n}: {found.what}.")
    if not as_json:
        for line in _said(found):
            tools.out.line(line)


def cut_audit(tools: Tools, before: datetime, *, yes: bool) -> None:
    settings = _settings(tools)
    signer = or_usage(settings.signer)
    if signer is None:
        raise Usage("DAYTWO_AUDIT_KEY_FILE is not set: a cut has to be signed. Nothing was deleted.")

    async def last(store: Store) -> int:
        async with store.read() as session:
            return await audit_cut.last_before(session, before.replace(tzinfo=UTC))

    to = on_store(settings.store, last)
    if not to:
        tools.out.line(f"There is no entry older than {before:%Y-%m-%d}. Nothing was deleted.")
        return
    if not yes and not tools.asker.confirm(f"Delete every entry of the audit up to {to}, for good?"):
        raise Declined("Nothing was deleted.")
    gone = on_store(settings.store, lambda store: audit_cut.cut(store, signer, to=to, actor="operator"))
    tools.out.line(f"{gone} entries up to {to} are deleted; a signed entry says so, and the rest can be verified.")


def read_keys(files: Sequence[Path]) -> KeyRing:
    """Raises Usage for a file that holds no public key."""
    found = []
    for file in files:
        try:
            found += public_keys(file.read_bytes())
        except OSError as error:
            raise Usage(f"{file} cannot be read ({type(error).__name__}). Nothing was verified.") from None
        except KeyUnusable as error:
            raise Usage(f"{file} has to hold {error}. Nothing was verified.") from None
    return KeyRing.of(found)


def read_file(tools: Tools, file: Path) -> list[Checkpoint]:
    """The checkpoints in a file. Raises Usage when it cannot be read or has none."""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            found, others = read_lines(lines)
    except OSError as error:
        raise Usage(f"{file} cannot be read ({type(error).__name__}). Nothing was verified.") from None
    if not found:
        raise Usage(f"{file} has no checkpoint in it. Nothing was verified.")
    if others:
        tools.out.note(f"{file}: {others} lines are no checkpoints, and were passed over.")
    return found


def _settings(tools: Tools) -> AuditSettings:
    """From the environment; without one, of the house that `daytwo up` keeps in this folder."""
    return or_usage(lambda: AuditSettings.read(environment_of(tools)))


def _json(found: Broken | Whole) -> str:
    if isinstance(found, Broken):
        return json.dumps({"whole": False, "entry": found.n, "what": found.what})
    return json.dumps(
        {
            "whole": True,
            "first": found.first,
            "last": found.last,
            "checkpoints": found.checkpoints,
            "outside": found.outside,
            "sealed": found.sealed,
            "unchecked": found.unchecked,
        }
    )


def _said(found: Whole) -> list[str]:
    lines = [f"The audit holds: {found.last - found.first + 1} entries, {found.first} to {found.last}."]
    if found.outside:
        lines.append(
            f"It is what {found.outside} signed checkpoints from outside the database say; the last of them "
            f"covers entry {found.sealed}, and {found.last - found.sealed} came after it."
        )
    else:
        lines.append(
            "No checkpoint from outside the database was compared: an end that was cut off, or a chain that was "
            "computed anew, would not show. Give --checkpoints FILE and --key FILE."
        )
    if found.unchecked:
        lines.append(f"{found.unchecked} checkpoints are signed by keys that were not given, and were passed over.")
    return lines
