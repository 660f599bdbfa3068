"""Where a template puts a parameter into a program: what somebody typed then runs as a command.

`{{ }}` is filled in before the container starts, so no quoting helps. The safe way is a variable of the container's
environment, or an argument behind the script.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.pipeline_file import bracketed
from daytwo_actions.backends.remarks import variable

_PARAMETER: Final = re.compile(r"\b(?:inputs|workflow)\.parameters(?:\.([A-Za-z0-9_-]+)|\['([^']+)'\])?")
_INTERPRETER: Final = re.compile(
    r"(?:.*/)?(?:sh|bash|ash|dash|ksh|zsh|busybox|python[\d.]*|node|perl|ruby|php|pwsh|powershell)"
)
_RUNS_NEXT: Final = re.compile(r"-[A-Za-z]*[cer]|--eval|--command|-Command", re.ASCII)
_SAFE: Final = (
    'Hand it over as data: `env: [{{name: {name}, value: "{text}"}}]` on the container, and "${name}" in the script '
    "(or what reads a variable in its language)."
)


def interpolations(spec: Mapping[str, JsonValue], harmless: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    """Where, the expression as written, and the safe way, of each. `harmless` are parameters that can only be a word.

    A parameter of a template that has the name of a harmless one of the workflow is still what a caller gives it.
    """
    for template in members(spec.get("templates")):
        name = template.get("name") or "without a name"
        for what, script in _programs(template):
            for lines, text in bracketed(script, "{{", "}}"):
                found = _unsafe(text, harmless)
                if found is not None:
                    place = f"the template {name}, {what}, line {lines + 1}"
                    yield place, text, _SAFE.format(name=variable(found), text=text)


def members(value: JsonValue) -> list[dict[str, JsonValue]]:
    """The objects of a list; nothing for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _unsafe(text: str, harmless: frozenset[str]) -> str | None:
    for found in _PARAMETER.finditer(text):
        name = found[1] or found[2]
        if name is None:
            return "parameters"
        if not (found[0].startswith("workflow.") and name.lower() in harmless):
            return name
    return None


def _programs(template: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    script = template.get("script")
    if isinstance(script, dict):
        source = script.get("source")
        if isinstance(source, str):
            yield "script", source
        yield from _commands("script", script)
    for key in ("container", "containerSet"):
        one = template.get(key)
        if isinstance(one, dict):
            yield from _commands(key, one)
            for inner in members(one.get("containers")):
                yield from _commands(f"{key} {inner.get('name')}", inner)
    for key in ("initContainers", "sidecars"):
        for one in members(template.get(key)):
            yield from _commands(f"{key} {one.get('name')}", one)


def _commands(what: str, container: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    """The argument that an interpreter takes as its program; what comes behind it is data."""
    given = [*words(container.get("command")), *words(container.get("args"))]
    if not given or _INTERPRETER.fullmatch(given[0]) is None:
        return
    for number, one in enumerate(given[1:-1], 1):
        if _RUNS_NEXT.fullmatch(one):
            yield f"{what}'s command", given[number + 1]
            return
        if not one.startswith("-") and one not in {"sh", "ash"}:
            return


def words(value: JsonValue) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
