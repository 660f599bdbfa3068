"""What a dispatch has to know about a workflow file: marker, claim fence, packed inputs, and what is not in it.

It carries our marker where a listing shows it when its `workflow_dispatch` declares the input `daytwo_run` and its
`run-name` has `${{ inputs.daytwo_run }}` in it.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#run-name
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from daytwo_actions.backends.asking import asks_us, is_claim, is_shell
from daytwo_actions.backends.github.wire.dispatch import RESERVED
from daytwo_actions.backends.github.wire.elsewhere import loose_in
from daytwo_actions.backends.pipeline_file import Unreadable, child, entries, items, one_mapping, word
from daytwo_actions.backends.pipelines import PACK

# Only the plain expression counts: a longer one may leave the marker out.
_IN_RUN_NAME: Final = re.compile(r"\$\{\{\s*(github\.event\.)?inputs\." + RESERVED + r"\s*\}\}")

# A condition that calls one of these is no longer joined to "and nothing failed" by GitHub itself.
# https://docs.github.com/en/actions/reference/workflows-and-actions/expressions#status-check-functions
_STATUS: Final = re.compile(r"\b(always|failure|cancelled|success)\s*\(", re.IGNORECASE)
_SUCCESS: Final = re.compile(r"[\s(]*success\s*\(\s*\)[\s)]*", re.IGNORECASE)
# A step that this names was not left out, so the claim before it was told yes.
_WORKED: Final = re.compile(
    r"steps\.([\w-]+)\.(?:outputs\.[\w-]+\s*!=\s*''|(?:outcome|conclusion)\s*==\s*'success')", re.ASCII
)
_STOPPING: Final = frozenset({"bash", "sh"})  # GitHub starts these, and what it takes by itself, with -e


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a dispatch has to know about a workflow file."""

    marked: bool = False
    fenced: bool = False
    by_name: tuple[str, ...] | None = None  # as in `Pinned`
    loose: tuple[str, ...] = ()  # the same


def read_facts(content: bytes) -> Facts:
    """A file that cannot be read shows nothing, asks nobody and takes nothing packed."""
    try:
        workflow = one_mapping(content).documents[0]
    except Unreadable:
        return Facts()
    declared = [name for name, _, _ in entries(child(workflow, "on", "workflow_dispatch", "inputs"))]
    return Facts(
        marked=shows_marker(workflow),
        fenced=asks_first(workflow),
        by_name=tuple(sorted({*declared} - {RESERVED, PACK})) if PACK in declared else None,
        loose=loose_in(workflow),
    )


def shows_marker(workflow: yaml.Node) -> bool:
    run_name = child(workflow, "run-name")
    shown = isinstance(run_name, yaml.ScalarNode) and _IN_RUN_NAME.search(run_name.value)
    return bool(shown) and child(workflow, "on", "workflow_dispatch", "inputs", RESERVED) is not None


def asks_first(workflow: yaml.Node) -> bool:
    """Whether every job asks us itself before it works (claim fence).

    A job that asks for those behind it would not do: "Re-run failed jobs" begins with those that have not succeeded.
    What goes on after a no is not fenced: a claim that may fail or be left out, and steps that are run although
    something before them failed.
    """
    jobs = [job for _, _, job in entries(child(workflow, "jobs"))]
    return bool(jobs) and all(_asks(job, workflow) for job in jobs)


def _asks(job: yaml.Node, workflow: yaml.Node) -> bool:
    """Its first step that does more than check out is the claim, and none is run after a no."""
    steps = [step for step in items(child(job, "steps")) if not _is(step, "actions/checkout")]
    after_a_yes = {one for step in steps if not _goes_on(step, set()) and (one := word(child(step, "id"))) is not None}
    if not steps or any(_goes_on(step, after_a_yes) for step in steps):
        return False
    first = steps[0]
    if child(first, "if") is not None or child(first, "continue-on-error") is not None:
        return False
    if (used := word(child(first, "uses"))) is not None:
        return is_claim(used)
    shells = (child(first, "shell"), *(child(part, "defaults", "run", "shell") for part in (job, workflow)))
    shell = next((word(one) or "" for one in shells if one is not None), None)
    script = word(child(first, "run")) or ""
    stops = shell in _STOPPING or (shell is None and not _on_windows(job))
    return is_shell((shell or "sh").split()) and asks_us(script, stops=stops)


def _on_windows(job: yaml.Node) -> bool:
    """As far as its labels tell. PowerShell, which is taken there by itself, goes on after a command that failed."""
    where = child(job, "runs-on")
    labels = child(where, "labels") or where
    named = [labels] if isinstance(labels, yaml.ScalarNode) else items(labels)
    return any("windows" in (word(one) or "").lower() for one in named)


def _is(step: yaml.Node, action: str) -> bool:
    return (word(child(step, "uses")) or "").startswith(action)


def _goes_on(step: yaml.Node, after_a_yes: set[str]) -> bool:
    """Whether a step may be run after a no: although what it comes after has failed, and although none of the steps
    that a yes has let through (their ids) did anything."""
    condition = (word(child(step, "if")) or "").strip().removeprefix("${{").removesuffix("}}")
    if not _STATUS.search(condition):
        return False
    parts = list(_joined(condition))
    return not any(_SUCCESS.fullmatch(one) or _has_worked(one, after_a_yes) for one in parts)


def _has_worked(condition: str, after_a_yes: set[str]) -> bool:
    found = _WORKED.fullmatch(condition)
    return found is not None and found[1] in after_a_yes


def _joined(condition: str) -> Iterator[str]:
    """What has to hold all at once; the whole of what is joined otherwise."""
    depth, parts = 0, [""]
    for number, sign in enumerate(condition):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and condition[number : number + 2] == "||":
            return iter([condition])
        if depth == 0 and condition[number : number + 2] == "&&":
            parts.append("")
        else:
            parts[-1] += sign
    return iter(part.removeprefix("&").strip() for part in parts)
