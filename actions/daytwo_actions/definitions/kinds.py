"""Kinds as definitions need them, read from the catalog's own files (`kind: Kind`)."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from daytwo_actions.definitions import faults
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import DefinitionRejected
from daytwo_actions.definitions.shapes import KindShape, RelationShape
from daytwo_forms.fields import KindName, Line, Text


class _Lenient(BaseModel):
    """The catalog checks these files; here only what expressions can name is read."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Metadata(_Lenient):
    name: KindName
    title: Line = ""
    description: Text = ""


class _Relation(_Lenient):
    kind: KindName
    many: bool = False


class _Spec(_Lenient):
    schema_: dict[str, JsonValue] = Field(default={}, alias="schema")
    relations: dict[str, _Relation] = {}


class _Kind(_Lenient):
    metadata: _Metadata
    spec: _Spec


def kind_of(document: Document) -> tuple[str, KindShape]:
    """Name and shape of the kind that a document declares. Raises `DefinitionRejected`."""
    try:
        kind = _Kind.model_validate(document.value)
    except ValidationError as error:
        raise DefinitionRejected(faults.problems(error, document, _Kind)) from error
    relations = {name: RelationShape(kind=one.kind, many=one.many) for name, one in kind.spec.relations.items()}
    return kind.metadata.name, kind_shape(kind.spec.schema_, relations)


def kind_shape(schema: Mapping[str, JsonValue], relations: Mapping[str, RelationShape]) -> KindShape:
    return KindShape(schema=schema, relations=relations)
