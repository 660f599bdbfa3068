"""What is refused when a workflow is created: names, references, tags, and whatever the stand-in cannot run."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from daytwo_standins.argo.interpreter.booleans import ExpressionError
from daytwo_standins.argo.interpreter.calls import KINDS
from daytwo_standins.argo.interpreter.depends import depends_of, names_in
from daytwo_standins.argo.interpreter.tags import tags_in
from daytwo_standins.argo.merging import Whole, uses_of
from daytwo_standins.argo.problems import ApiError, invalid

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_LONGEST: Final = 63
_FOREIGN: Final[Mapping[str, tuple[str, ...]]] = {
    "workflow": ("hooks", "synchronization", "volumeClaimTemplates"),
    "template": (
        *("resource", "data", "http", "plugin", "containerSet", "daemon", "initContainers", "sidecars"),
        *("synchronization", "memoize", "timeout", "volumes"),
    ),
    "step": ("hooks", "onExit", "withSequence"),
    "inputs": ("artifacts",),
    "outputs": ("artifacts",),
    "retryStrategy": ("expression", "affinity"),
}


def check_metadata(metadata: Mapping[str, Any]) -> None:
    """Names and labels as Kubernetes wants them.

    Raises:
        ApiError: they are not.
    """
    name, prefix = metadata.get("name") or "", metadata.get("generateName") or ""
    if not name and not prefix:
        raise invalid(_bad("", "metadata.name: Required value: name or generateName is required"))
    for text in (name, prefix.rstrip("-.") if prefix else ""):
        if text and not _NAME.fullmatch(text):
            rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'"
            raise invalid(_bad(text, f'metadata.name: Invalid value: "{text}": {rule}'))
    if len(name) > _LONGEST:
        rule = f"must not be more than {_LONGEST} characters long (currently {len(name)})"
        raise invalid(f'workflow name "{name}" {rule}')
    for key, value in (metadata.get("labels") or {}).items():
        if not isinstance(value, str) or len(value) > _LONGEST or not _LABEL.fullmatch(value):
            raise invalid(_bad(name, f'metadata.labels: Invalid value: "{value}": a valid label must be … ({key})'))


def check_spec(whole: Whole) -> None:
    """Whether the stand-in can run it.

    Raises:
        ApiError: it cannot; the text names the place.
    """
    _refuse_foreign("workflow", whole.spec, "spec")
    own = {one.get("name"): one for one in whole.spec["templates"]}
    for role in ("entrypoint", "onExit"):
        named = whole.spec.get(role)
        if role == "entrypoint" and not named:
            raise invalid("spec.entrypoint is required")
        if named and named not in own:
            raise invalid(f"spec.{role} template name '{named}' undefined")
    parameters = {one["name"] for one in whole.spec["arguments"]["parameters"]}
    for key, template in [*whole.stored_templates.items(), *own.items()]:
        scope = key.rpartition("/")[0] if "/" in str(key) else ""
        _check_template(template, f"templates.{template.get('name', '')}", parameters)
        for step in uses_of(template):
            _check_use(step, whole, own, scope, f"templates.{template.get('name', '')}.{step.get('name', '')}")


def _check_template(template: Mapping[str, Any], where: str, parameters: set[str]) -> None:
    _refuse_foreign("template", template, where)
    for part in ("inputs", "outputs", "retryStrategy"):
        _refuse_foreign(part, template.get(part) or {}, f"{where}.{part}")
    if sum(template.get(kind) is not None for kind in KINDS) != 1:
        raise invalid(f"{where} must have exactly one of: {', '.join(KINDS)}")
    _check_tags(template, where, parameters)
    if template.get("dag") is not None:
        _check_dag(template["dag"], where)


def _check_tags(template: Mapping[str, Any], where: str, parameters: set[str]) -> None:
    inputs = {one.get("name") for one in (template.get("inputs") or {}).get("parameters") or []}
    known = {"inputs.parameters.": inputs, "workflow.parameters.": parameters}
    for tag in tags_in(template):
        if tag.startswith("="):
            raise invalid(f"{where}: the stand-in does not evaluate expressions, so it cannot run {{{{{tag}}}}}")
        for prefix, names in known.items():
            if tag.startswith(prefix) and tag.removeprefix(prefix) not in names:
                raise invalid(f"{where}: failed to resolve {{{{{tag}}}}}")


def _check_use(step: Mapping[str, Any], whole: Whole, own: Mapping[Any, Any], scope: str, where: str) -> None:
    _refuse_foreign("step", step, where)
    if step.get("inline") is not None:
        parameters = {one["name"] for one in whole.spec["arguments"]["parameters"]}
        _check_template(step["inline"], where, parameters)
        return
    name = step.get("template")
    there = f"{scope}/{name}" in whole.stored_templates if scope else name in own
    if step.get("templateRef") is None and not there:
        raise invalid(f"{where} template name '{name}' undefined")


def _check_dag(dag: Mapping[str, Any], where: str) -> None:
    tasks = dag.get("tasks") or []
    needs = {}
    for task in tasks:
        try:
            needs[task.get("name")] = names_in(depends_of(task))
        except ExpressionError as error:
            raise invalid(f"{where}.tasks.{task.get('name')} {error}") from error
    for name, others in needs.items():
        for other in others:
            if other not in needs:
                raise invalid(f"{where}.tasks.{name} dependency '{other}' not defined")
    done: set[Any] = set()
    while len(done) < len(needs):
        free = {name for name, others in needs.items() if name not in done and done.issuperset(others)}
        if not free:
            raise invalid(f"{where} dependency cycle detected: {', '.join(sorted(set(map(str, needs)) - done))}")
        done |= free


def _refuse_foreign(part: str, data: Mapping[str, Any], where: str) -> None:
    for key in _foreign(part, data):
        raise invalid(f"{where}.{key}: the stand-in does not know `{key}`; nothing was started.")


def _foreign(part: str, data: Mapping[str, Any]) -> Iterator[str]:
    return (key for key in _FOREIGN[part] if data.get(key))


def _bad(name: str, message: str) -> str:
    return f'Workflow.argoproj.io "{name}" is invalid: {message}'


def not_generated(name: str, *, generated: bool) -> ApiError:
    """The name is taken, in the words of Kubernetes."""
    more = ", the server was not able to generate a unique name for the object" if generated else ""
    return ApiError(6, f'workflows.argoproj.io "{name}" already exists{more}')
