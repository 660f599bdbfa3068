"""Pipelines created: by whoever may, or with a trigger token.

https://docs.gitlab.com/api/pipelines/#create-a-new-pipeline,
https://docs.gitlab.com/api/pipeline_triggers/#trigger-a-pipeline-with-a-token
"""

import json
import re
import secrets
from typing import Any

from daytwo_standins.gitlab import views
from daytwo_standins.gitlab.calls import Call
from daytwo_standins.gitlab.config import Executor, Project, Role
from daytwo_standins.gitlab.creating import Wish
from daytwo_standins.gitlab.problems import ApiError, invalid_parameter, not_created, not_found
from daytwo_standins.gitlab.routing import API, Operation
from daytwo_standins.gitlab.views import Scene
from daytwo_standins.shared.answers import Answer, CallEffects

_NAMED = re.compile(r"(variables|inputs)\[([^\]]*)\]")


async def create(call: Call) -> Answer:
    """Create a pipeline; it is accepted exactly when its line in the ledger is durable."""
    body = call.body()
    variables, files = _variables(body.get("variables"))
    role = call.token.role if call.token else Role.GUEST
    if variables and role < call.project.pipeline_variables_role:
        raise not_created("Insufficient permissions to set pipeline variables")
    wish = Wish(
        project=call.project,
        ref=_ref(body),
        source="api",
        actor=call.login,
        raw=call.raw,
        inputs=_inputs(body.get("inputs")),
        variables=variables,
        file_variables=files,
    )
    return await _accept(call, wish)


async def trigger(call: Call) -> Answer:
    """Create a pipeline with a trigger token."""
    project = call.standin.project(call.params["id"])
    body = _nested(call.body())
    if "token" not in body:
        raise invalid_parameter("token", "is missing")
    ref = call.params.get("ref") or _ref(body)
    if project is None or not call.standin.is_trigger_token(project, str(body["token"])):
        raise not_found()
    variables = body.get("variables") or {}
    if not isinstance(variables, dict) or any(not isinstance(value, str) for value in variables.values()):
        raise ApiError(400, {"message": "400 Bad request - variables needs to be a map of key-valued strings"})
    wish = Wish(
        project=project,
        ref=ref,
        source="trigger",
        actor=f"trigger-of-{project.name}",
        raw=call.raw,
        inputs=_inputs(body.get("inputs")),
        variables=variables,
    )
    return await _accept(call, wish)


def about(raw: bytes) -> str:
    """What fault rules search for a pipeline that does not exist yet: its inputs and variables."""
    try:
        data = json.loads(raw)
        return json.dumps([data.get("inputs"), data.get("variables")], ensure_ascii=False)
    except (ValueError, AttributeError):
        return raw.decode(errors="replace")


async def _accept(call: Call, wish: Wish) -> Answer:
    standin, project = call.standin, wish.project
    draft = await standin.creator.draft(
        wish,
        run_id=standin.ledger.next_id(),
        iid=standin.engine.pipelines.take_iid(project.full_path),
        effects=call.effects.lasting(),
        executor=_executor(call.effects),
    )
    pipeline = await standin.engine.accept(draft)
    shown = views.pipeline_full(_scene(call, project), pipeline)
    if call.effects.wrong_id:
        shown["id"] = pipeline.id + 1_000 + secrets.randbelow(9_000)
    return Answer(status=201, data=shown)


def _scene(call: Call, project: Project) -> Scene:
    return Scene(base=call.base, project=project)


def _ref(body: dict[str, Any]) -> str:
    if "ref" not in body:
        raise invalid_parameter("ref", "is missing")
    if not isinstance(body["ref"], str) or not body["ref"]:
        raise invalid_parameter("ref", "is empty" if body["ref"] == "" else "is invalid")
    return str(body["ref"])


def _inputs(told: object) -> dict[str, Any]:
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise invalid_parameter("inputs", "is invalid")
    return told


def _variables(told: object) -> tuple[dict[str, str], tuple[str, ...]]:
    """The variables by name, and the names of those of the type file."""
    if told is None:
        return {}, ()
    if not isinstance(told, list) or any(not isinstance(one, dict) for one in told):
        raise invalid_parameter("variables", "is invalid")
    found, files = {}, []
    for one in told:
        key, value, kind = one.get("key"), one.get("value"), one.get("variable_type", "env_var")
        if not isinstance(key, str) or not re.fullmatch(r"[A-Za-z0-9_]{1,255}", key):
            raise ApiError(400, {"message": {"variables.key": ["can contain only letters, digits and '_'."]}})
        if kind not in {"env_var", "file"}:
            raise invalid_parameter("variables[0][variable_type]", "does not have a valid value")
        found[key] = value if isinstance(value, str) else json.dumps(value)
        files += [key] if kind == "file" else []
    return found, tuple(files)


def _nested(body: dict[str, Any]) -> dict[str, Any]:
    """A form's ``variables[KEY]`` as a map."""
    kept: dict[str, Any] = {}
    for name, value in body.items():
        found = _NAMED.fullmatch(name)
        if found:
            kept.setdefault(found[1], {})[found[2]] = value
        else:
            kept[name] = value
    return kept


def _executor(told: CallEffects) -> Executor | None:
    if told.never_finish:
        return Executor.SCRIPTED
    return Executor.INSTANT if told.instant_finish else None


_PROJECT = f"{API}/projects/{{id}}"
OPERATIONS = (
    Operation(name="dispatch", method="POST", path=f"{_PROJECT}/pipeline", handler=create, role=Role.DEVELOPER),
    Operation(name="trigger", method="POST", path=f"{_PROJECT}/trigger/pipeline", handler=trigger, public=True),
    Operation(
        name="trigger", method="POST", path=f"{_PROJECT}/ref/{{ref}}/trigger/pipeline", handler=trigger, public=True
    ),
)
