"""Whether a pipeline asks us before it works (claim fence): as strict as its use, since who is fenced is sent again.

A job of the stage `.pre` asks, or the component that is made for it. What does not wait for it is not fenced: jobs with
`needs` that do not name it, jobs that run after a failure, a claim that may fail, and whatever other files bring along.
"""

from typing import Final

import yaml

from daytwo_actions.backends.pipeline_file import child, entries, items, word
from daytwo_actions.backends.remarks import asks_us

_COMPONENTS_JOB: Final = "daytwo-claim"  # the name of the job in our component
_NO_JOBS: Final = frozenset({"workflow", "variables", "default", "image", "cache", "include", "stages", "services"})
_AFTER_FAILURE: Final = frozenset({"always", "on_failure"})


def asks_first(config: yaml.Node | None) -> bool:
    """Templates (".name") count as jobs, since jobs take over what stands in them."""
    included = child(config, "include")
    others = items(included) if isinstance(included, yaml.SequenceNode) else [included] if included else []
    if not all(asks_us(word(child(one, "component")) or "") for one in others):
        return False
    jobs = {name: job for name, _, job in entries(config) if isinstance(job, yaml.MappingNode) and name not in _NO_JOBS}
    asking = {name for name, job in jobs.items() if _asks(job)} | ({_COMPONENTS_JOB} if others else set())
    return bool(asking) and not any(_goes_past(job, asking) for name, job in jobs.items() if name not in asking)


def _asks(job: yaml.Node) -> bool:
    certain = all(child(job, key) is None for key in ("allow_failure", "rules", "only", "except", "when", "needs"))
    lines = [word(line) or "" for line in items(child(job, "script"))]
    return certain and word(child(job, "stage")) == ".pre" and any(asks_us(line) for line in lines)


def _goes_past(job: yaml.Node, asking: set[str]) -> bool:
    needs = child(job, "needs")
    if needs is not None:
        named = {word(one) or word(child(one, "job")) for one in items(needs)}
        if not named & asking:
            return True
    whens = [child(job, "when"), *(child(rule, "when") for rule in items(child(job, "rules")))]
    return word(child(job, "stage")) == ".pre" or any(word(when) in _AFTER_FAILURE for when in whens)
