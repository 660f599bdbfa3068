"""Check a file of evidence, and say what it is about."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daytwo_cli.errors import CliError, Usage
from daytwo_cli.flows.audit_whole import read_keys
from daytwo_cli.flows.evidence_filled import filled_lines, recomputed
from daytwo_cli.tools import Tools
from daytwo_store.evidence import NotEvidence, opened
from daytwo_store.evidence_check import points


def verify_file(tools: Tools, file: Path, keys: Sequence[Path], log: Path | None, *, as_json: bool) -> None:
    """Raises CliError when anything in it does not hold."""
    ring = read_keys(keys)
    content = _read(file)
    try:
        evidence = opened(content, ring)
    except NotEvidence as error:
        raise CliError(f"{file} does not hold: {error}.") from None
    found = list(points(evidence, ring, None if log is None else _read(log)))
    if all(point.holds for point in found):  # else its shape cannot be relied on
        found += recomputed(evidence)
    if as_json:
        tools.out.json(json.dumps(evidence))
    else:
        tools.out.facts(_about(evidence))
        for point in found:
            tools.out.line(f"{'holds' if point.holds else 'DOES NOT HOLD'}: {point.text}")
    if not all(point.holds for point in found):
        raise CliError(f"{file} was signed as it is, and not everything in it holds.")
    if not as_json:
        tools.out.line(f"{file} is what was signed.")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Usage(f"{file} cannot be read ({type(error).__name__}). Nothing was verified.") from None


def _about(evidence: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    run, people = evidence["run"], evidence["people"]
    sent = [
        f"{one['connection']} {one['id']}, commit {one['commit'] or 'unknown'}" for one in evidence["external_runs"]
    ]
    decided = [f"{one['verdict']} by {_name(people, one['principal'])} on {one['at']}" for one in evidence["decisions"]]
    return [
        ("run", f"{run['id']}, {run['state']}"),
        ("action", f"{run['action']}, version {run['version']}"),
        ("on", run["entity"]),
        ("asked by", f"{_name(people, run['requester'])} on {run['created_at']}"),
        ("why", run["comment"]),
        ("decided", "\n".join(decided) or "nobody had to"),
        ("sent", "\n".join(sent) or "nothing"),
        ("filled in", "\n".join(filled_lines(evidence)) or None),
        ("made", evidence["made_at"]),
    ]


def _name(people: Mapping[str, Any], principal: str) -> str:
    one = people.get(principal)
    return f"{one['name']} ({one['subject']} of {one['issuer']})" if one else principal
