"""Whether a pipeline asks us before it works (claim fence): as strict as its use, since who is fenced is sent again.

A job of the stage `.pre` asks, or the component that is made for it. What does not wait for it is not fenced: jobs with
`needs` that do not name it, jobs that run after a failure, a claim that may fail, and whatever other files bring along.
Nor what works in the claim's own job: before it (`before_script`), or after a no (`after_script`).
"""

from typing import Final

import yaml

from daytwo_actions.backends.asking import asks_us, is_claim
from daytwo_actions.backends.pipeline_file import child, entries, items, word

_COMPONENTS_JOB: Final = "daytwo-claim"  # the name of the job in our component
_NO_JOBS: Final = frozenset({"workflow", "variables", "default", "image", "cache", "include", "stages", "services"})
_AFTER_FAILURE: Final = frozenset({"always", "on_failure"})
# Of a claim: it may be left out or fail, or it takes over what is not looked at.
_UNCERTAIN: Final = ("allow_failure", "rules", "only", "except", "when", "needs", "extends", "<<", "hooks", "run")


def asks_first(config: yaml.Node | None) -> bool:
    """Templates (".name") count as jobs, since jobs take over what stands in them."""
    included = child(config, "include")
    others = items(included) if isinstance(included, yaml.SequenceNode) else [included] if included else []
    if not all(is_claim(word(child(one, "component")) or "") and child(one, "rules") is None for one in others):
        return False
    jobs = {name: job for name, _, job in entries(config) if isinstance(job, yaml.MappingNode) and name not in _NO_JOBS}
    if others and (_COMPONENTS_JOB in jobs or _around(config, None, "before_script")):
        return False  # the component's job is changed here
    asking = {name for name, job in jobs.items() if _asks(config, job)} | ({_COMPONENTS_JOB} if others else set())
    if asking and (child(config, "default", "hooks") is not None or _around(config, None, "after_script")):
        return False
    return bool(asking) and not any(_goes_past(job, asking) for name, job in jobs.items() if name not in asking)


def _asks(config: yaml.Node | None, job: yaml.Node) -> bool:
    certain = all(child(job, key) is None for key in _UNCERTAIN) and not _around(config, job, "after_script")
    lines = [*_around(config, job, "before_script"), *_lines(child(job, "script"))]
    return certain and word(child(job, "stage")) == ".pre" and asks_us("\n".join(lines))


def _around(config: yaml.Node | None, job: yaml.Node | None, key: str) -> list[str]:
    """What is run around a job's script: its own, else that of all jobs."""
    given = (child(job, key), child(config, "default", key), child(config, key))
    return _lines(next((one for one in given if one is not None), None))


def _lines(script: yaml.Node | None) -> list[str]:
    return [word(one) or "" for one in ([script] if isinstance(script, yaml.ScalarNode) else items(script))]


def _goes_past(job: yaml.Node, asking: set[str]) -> bool:
    needs = child(job, "needs")
    if needs is not None:
        named = {word(one) or word(child(one, "job")) for one in items(needs)}
        if not named & asking:
            return True
    whens = [child(job, "when"), *(child(rule, "when") for rule in items(child(job, "rules")))]
    return word(child(job, "stage")) == ".pre" or any(word(when) in _AFTER_FAILURE for when in whens)
