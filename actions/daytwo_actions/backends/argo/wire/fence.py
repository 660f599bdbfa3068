"""Whether everything that works asks us first (claim fence): as strict as its use, since who is fenced is sent again.

A step that asks for those behind it would not do: who retries a workflow in Argo has only that run again which has not
succeeded. So each template that has a program asks itself, as the first thing that its program does.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.argo.wire.scripts import members, words
from daytwo_actions.backends.asking import asks_us, is_asking, is_our_part, is_shell

# What has one of these works beside its program or before it, is gone past while it asks, or is not run every time.
# One that Argo tries again has another name each time, so that it does not show whether somebody has it run again.
_MORE: Final = frozenset({"initContainers", "sidecars", "daemon", "memoize", "plugin", "podSpecPatch", "retryStrategy"})
_PROGRAM_NEXT: Final = re.compile(r"-[A-Za-z]*c")
_STOPS: Final = re.compile(r"-[A-Za-z]*e[A-Za-z]*")

Object = Mapping[str, JsonValue]
Place = tuple[str, bool]  # of a template that stands by itself: its name, and whether it is the cluster's


@dataclass(kw_only=True)
class _Walk:
    """From what a workflow begins with to everything that it may run."""

    first: Object
    parts: Mapping[Place, Object]
    seen: set[tuple[Place | None, str]] = field(default_factory=set)

    def asks(self) -> bool:
        begun = [{"template": self.first.get("entrypoint")}, *_attached(self.first)]
        return self.first.get("podSpecPatch") is None and all(self._asks(one, None) for one in begun)

    def _asks(self, caller: Object, here: Place | None) -> bool:
        """Whether what a step, a task or a hook runs asks first. `here` is where its template stands."""
        inline, reference, name = caller.get("inline"), caller.get("templateRef"), caller.get("template")
        if isinstance(inline, dict):
            return self._template_asks(inline, here)
        if isinstance(reference, dict):
            if is_our_part(str(reference.get("name"))):
                return True
            here, name = (str(reference.get("name")), bool(reference.get("clusterScope"))), reference.get("template")
        if not isinstance(name, str):
            return False
        if (here, name) in self.seen:
            return True  # it is being looked at, or was
        self.seen.add((here, name))
        spec = self.first if here is None else self.parts.get(here, {})
        found = next((one for one in members(spec.get("templates")) if one.get("name") == name), None)
        return found is not None and self._template_asks(found, here)

    def _template_asks(self, template: Object, here: Place | None) -> bool:
        steps, dag = template.get("steps"), template.get("dag")
        if isinstance(steps, list):
            called = [one for group in steps for one in members(group)]
        elif isinstance(dag, dict):
            called = members(dag.get("tasks"))
        elif template.get("suspend") is not None:
            return True
        else:
            defaults = self.first.get("templateDefaults")
            return _program_asks({**(defaults if isinstance(defaults, dict) else {}), **template})
        return bool(called) and all(self._asks(one, here) for each in called for one in (each, *_attached(each)))


def asks_first(spec: Object, parts: Mapping[Place, Object]) -> bool:
    """Whether all that a workflow of this template may run asks first. `parts` are those that it takes parts from."""
    return _Walk(first=spec, parts=parts).asks()


def _attached(caller: Object) -> Iterator[Object]:
    """What is run when something else ends or begins."""
    exit_handler, hooks = caller.get("onExit"), caller.get("hooks")
    if exit_handler is not None:
        yield {"template": exit_handler}
    if isinstance(hooks, dict):
        yield from (one if isinstance(one, dict) else {} for one in hooks.values())


def _program_asks(template: Object) -> bool:
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
