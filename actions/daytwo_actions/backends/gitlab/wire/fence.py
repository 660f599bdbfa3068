"""Whether every job asks us before it works (claim fence): as strict as its use, since who is fenced is sent again.

A job that asks for those behind it would not do: who retries a pipeline in GitLab has only those jobs run again that
have not succeeded. So each asks itself, as the first thing of its `before_script` or `script`, or takes that over from
the component that is made for it. What is not plainly so is not fenced: what other files bring along, and jobs that
have no script here (`trigger`), whose pipelines would have to be asked about too.
"""

from collections.abc import Iterator
from typing import Final

import yaml

from daytwo_actions.backends.asking import asks_us, is_claim, is_our_part
from daytwo_actions.backends.pipeline_file import child, entries, items, word

_COMPONENTS_JOB: Final = ".daytwo-claim"  # the name of the template in our component
_NO_JOBS: Final = frozenset({"workflow", "variables", "default", "image", "cache", "include", "stages", "services"})
_ELSEWHERE: Final = ("hooks", "run", "trigger", "<<")  # of a job: it works where it is not looked for
_DEEPEST: Final = 11  # GitLab's limit for `extends`


def asks_first(config: yaml.Node | None) -> bool:
    """Whether there are jobs, and each that GitLab would run asks first."""
    included = child(config, "include")
    others = items(included) if isinstance(included, yaml.SequenceNode) else [included] if included else []
    components = [word(child(one, "component")) or "" for one in others]
    if not all(is_our_part(name) and child(one, "rules") is None for name, one in zip(components, others, strict=True)):
        return False
    named: dict[str, yaml.Node] = {
        name: job for name, _, job in entries(config) if isinstance(job, yaml.MappingNode) and name not in _NO_JOBS
    }
    if child(config, "default", "hooks") is not None or (components and _COMPONENTS_JOB in named):
        return False
    ours = any(is_claim(name) for name in components)
    jobs = [name for name in named if not name.startswith(".")]
    return bool(jobs) and all(_asks(config, named, name, ours=ours) for name in jobs)


def _asks(config: yaml.Node | None, named: dict[str, yaml.Node], name: str, *, ours: bool) -> bool:
    """`ours`: the component is included, so that its template can be taken over."""
    chain = list(_chain(named, name, 0))
    if any(one is None and not (ours and parent == _COMPONENTS_JOB) for parent, one in chain):
        return False  # it takes over what does not stand here
    if any(child(one, key) is not None for _, one in chain for key in _ELSEWHERE):
        return False
    before = _first(config, chain, "before_script")
    if before is not None and not asks_us("\n".join([*before, *(_first(None, chain, "script") or [])])):
        return False
    after = _first(config, chain, "after_script") or []
    return not after or asks_us("\n".join(after))


def _chain(named: dict[str, yaml.Node], name: str, depth: int) -> Iterator[tuple[str, yaml.Node | None]]:
    """A job and what it takes over, the nearest first; None for what does not stand in this file."""
    job = named.get(name)
    yield name, job
    extended = child(job, "extends")
    parents = [extended] if isinstance(extended, yaml.ScalarNode) else items(extended)
    for parent in reversed(parents):
        yield from _chain(named, word(parent) or "", depth + 1) if depth < _DEEPEST else [("", None)]


def _first(config: yaml.Node | None, chain: list[tuple[str, yaml.Node | None]], key: str) -> list[str] | None:
    """What is run around or as a job's script: the nearest, else that of all jobs; None: the component's."""
    for name, job in chain:
        if job is None:
            if name == _COMPONENTS_JOB and key == "before_script":
                return None
        elif (given := child(job, key)) is not None:
            return _lines(given)
    if key == "before_script" and any(child(job, "inherit") is not None for _, job in chain):
        return []
    given = next((one for one in (child(config, "default", key), child(config, key)) if one is not None), None)
    return _lines(given)


def _lines(script: yaml.Node | None) -> list[str]:
    return [word(one) or "" for one in ([script] if isinstance(script, yaml.ScalarNode) else items(script))]
