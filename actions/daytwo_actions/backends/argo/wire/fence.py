"""Whether a template asks us before it works (claim fence): as strict as its use, since who is fenced is sent again.

The only step of the entrypoint's first group asks, by our own template or by one whose program does nothing before it.
"""

import re
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.argo.wire.scripts import members, words
from daytwo_actions.backends.asking import asks_us, is_asking, is_claim, is_shell

# A step with one of these may be left out, run more than once, or be followed by something although it failed.
_MAY_GO_PAST: Final = frozenset({"when", "continueOn", "withItems", "withParam", "withSequence", "onExit", "hooks"})
# What has one of these works beside its program or before it, is gone past while it asks, or is not run every time.
_MORE: Final = frozenset({"initContainers", "sidecars", "daemon", "memoize", "plugin"})
_PROGRAM_NEXT: Final = re.compile(r"-[A-Za-z]*c")
_STOPS: Final = re.compile(r"-[A-Za-z]*e[A-Za-z]*")


def asks_first(spec: Mapping[str, JsonValue]) -> bool:
    """Whether the template that the workflow begins with asks us in its first step, and nothing is run after a no."""
    if spec.get("onExit") is not None or spec.get("hooks") is not None:
        return False
    templates = {one.get("name"): one for one in members(spec.get("templates"))}
    entry = templates.get(spec.get("entrypoint"), {})
    steps = entry.get("steps")
    first = members(steps[0]) if isinstance(steps, list) and steps and isinstance(steps[0], list) else []
    if len(first) != 1 or _MAY_GO_PAST & first[0].keys() or "memoize" in entry:
        return False
    reference = first[0].get("templateRef")
    if isinstance(reference, dict):
        return is_claim(str(reference.get("name")))
    defaults = spec.get("templateDefaults")
    return _asks((defaults if isinstance(defaults, dict) else {}) | templates.get(first[0].get("template"), {}))


def _asks(template: Mapping[str, JsonValue]) -> bool:
    if _MORE & template.keys():
        return False
    script, container = template.get("script"), template.get("container")
    if isinstance(script, dict):
        given = words(script.get("command"))
        stops = any(_STOPS.fullmatch(one) for one in given[1:])
        return is_shell(given) and asks_us(str(script.get("source")), stops=stops)
    if not isinstance(container, dict) or not (command := words(container.get("command"))):
        return False
    given = [*command, *words(container.get("args"))]
    for number, one in enumerate(given[1:-1], 1):
        if is_shell(given) and _PROGRAM_NEXT.fullmatch(one):
            return asks_us(given[number + 1], stops=any(_STOPS.fullmatch(word) for word in given[1 : number + 1]))
    return is_asking(given)
