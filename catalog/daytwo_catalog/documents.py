"""The two kinds of catalog documents, as a company writes them. `document_schema` publishes them as JSON Schema."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, TypeAdapter

API_VERSION: Final = "daytwo/v1"
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$")]
KindName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-z][a-z0-9-]*$")]
Ref = Annotated[str, Field(max_length=201, pattern=r"^[a-z][a-z0-9-]*:[a-z0-9][a-z0-9._-]*$")]
Title = Annotated[str, Field(min_length=1, max_length=200)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Targets = Annotated[list[Ref], BeforeValidator(_listed, json_schema_input_type=str | list[str])]


class _Part(BaseModel):
    """Unknown keys are refused, and nothing is converted: a version written as 1.10 is not text."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RelationDocument(_Part):
    kind: KindName = Field(description="what it points at")
    many: bool = Field(default=False, description="whether it may point at several")


class KindMetadata(_Part):
    name: KindName
    title: Title | None = Field(default=None, description="shown to people; without it the name")


class KindSpec(_Part):
    properties: dict[str, JsonValue] = Field(alias="schema", description="JSON Schema 2020-12 of the properties")
    relations: dict[str, RelationDocument] = Field(default={}, description="by name, as memberOf")


class KindDocument(_Part):
    """A kind of entity: its properties and relations."""

    api_version: Literal["daytwo/v1"] = Field(alias="apiVersion")
    kind: Literal["Kind"]
    metadata: KindMetadata
    spec: KindSpec


class EntityMetadata(_Part):
    kind: KindName
    name: Name
    title: Title | None = Field(default=None, description="shown to people; without it the name")
    owner: Ref | None = Field(default=None, description="the group that answers for it, as group:sre")
    visible_to: list[Ref] = Field(
        default=[], alias="visibleTo", description="groups that may see it; empty: everybody who is signed in"
    )


class EntitySpec(_Part):
    properties: dict[str, JsonValue] = {}
    relations: dict[str, Targets] = Field(default={}, description="refs of other entities by name of the relation")


class EntityDocument(_Part):
    """Something that exists."""

    api_version: Literal["daytwo/v1"] = Field(alias="apiVersion")
    kind: Literal["Entity"]
    metadata: EntityMetadata
    spec: EntitySpec = EntitySpec()


def document_schema(kind: Literal["kind", "entity"]) -> dict[str, Any]:
    """The JSON Schema of a catalog document, for editors and `daytwo schema`."""
    model: type[BaseModel] = KindDocument if kind == "kind" else EntityDocument
    schema = TypeAdapter(model).json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
