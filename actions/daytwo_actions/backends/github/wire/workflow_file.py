"""What a dispatch has to know about a workflow file: marker, claim fence, packed inputs, and what is not in it.

It carries our marker where a listing shows it when its `workflow_dispatch` declares the input `daytwo_run` and its
`run-name` has `${{ inputs.daytwo_run }}` in it.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#run-name
"""

import re
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
    """Whether every job waits for one that asks us before it works, or asks itself (claim fence).

    What goes on after a no is not fenced: a claim that may fail or be left out, and jobs and steps that are run
    although something before them failed.
    """
    jobs = {name: job for name, _, job in entries(child(workflow, "jobs"))}
    asking = {name for name, job in jobs.items() if _asks(job, workflow)}
    for _ in jobs:  # from need to need, once for each job at the most
        asking |= {name for name, job in jobs.items() if asking & _needs(job) and not _goes_on(job)}
    return bool(jobs) and asking == jobs.keys()


def _asks(job: yaml.Node, workflow: yaml.Node) -> bool:
    """Its first step that does more than check out is the claim, and none is run after a no."""
    steps = [step for step in items(child(job, "steps")) if not _is(step, "actions/checkout")]
    if not steps or child(job, "continue-on-error") is not None or any(_goes_on(step) for step in steps):
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


def _goes_on(part: yaml.Node) -> bool:
    """Whether a job or a step may be run although what it comes after has failed."""
    condition = (word(child(part, "if")) or "").strip().removeprefix("${{").removesuffix("}}")
    if not _STATUS.search(condition):
        return False
    return "||" in condition or not any(_SUCCESS.fullmatch(one) for one in condition.split("&&"))


def _needs(job: yaml.Node) -> set[str]:
    needs = child(job, "needs")
    names = (word(one) for one in ([needs] if isinstance(needs, yaml.ScalarNode) else items(needs)))
    return {name for name in names if name is not None}
