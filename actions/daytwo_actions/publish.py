"""The JSON Schema of action files, for editors and for `daytwo schema action`. Made from the models, never edited.

`python -m daytwo_actions.publish` prints what `actions/action.schema.json` must be.
"""

import json
import sys
from typing import Final

from pydantic import JsonValue
from pydantic.json_schema import GenerateJsonSchema

from daytwo_actions.action_tests import ActionTests
from daytwo_actions.definitions.model import Action
from daytwo_actions.freezes.model import Freeze
from daytwo_actions.schedules import Schedule
from daytwo_actions.triggers import Trigger

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def action_schema() -> dict[str, JsonValue]:
    schema: dict[str, JsonValue] = Action.model_json_schema(by_alias=True, schema_generator=_Generator)
    return {"$schema": DIALECT, **schema, "title": "Action", "description": "A Daytwo action, apiVersion daytwo/v1."}


def action_schema_text() -> str:
    """The committed file, byte for byte."""
    return json.dumps(action_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def freeze_schema() -> dict[str, JsonValue]:
    schema: dict[str, JsonValue] = Freeze.model_json_schema(by_alias=True, schema_generator=_Generator)
    return {"$schema": DIALECT, **schema, "title": "Freeze", "description": "A Daytwo freeze, apiVersion daytwo/v1."}


def schedule_schema() -> dict[str, JsonValue]:
    schema: dict[str, JsonValue] = Schedule.model_json_schema(by_alias=True, schema_generator=_Generator)
    told = "A Daytwo schedule, apiVersion daytwo/v1."
    return {"$schema": DIALECT, **schema, "title": "Schedule", "description": told}


def trigger_schema() -> dict[str, JsonValue]:
    schema: dict[str, JsonValue] = Trigger.model_json_schema(by_alias=True, schema_generator=_Generator)
    return {"$schema": DIALECT, **schema, "title": "Trigger", "description": "A Daytwo trigger, apiVersion daytwo/v1."}


def action_tests_schema() -> dict[str, JsonValue]:
    schema: dict[str, JsonValue] = ActionTests.model_json_schema(by_alias=True, schema_generator=_Generator)
    told = "Tests of a Daytwo action, apiVersion daytwo/v1."
    return {"$schema": DIALECT, **schema, "title": "ActionTests", "description": told}


class _Generator(GenerateJsonSchema):
    """Without the titles that pydantic makes of attribute names ("Ui Enum Names"): they help nobody."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  # the signature is pydantic's
        return False


if __name__ == "__main__":
    sys.stdout.write(action_schema_text())
