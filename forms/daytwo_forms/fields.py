"""The vocabulary of a form: the keys that a field and a page may have, and their shapes.

A subset of JSON Schema 2020-12 (https://json-schema.org/draft/2020-12) with the `ui:*` hints of react-jsonschema-form
(https://rjsf-team.github.io/react-jsonschema-form/docs/api-reference/uiSchema), and our own keys: `from`, `visible`,
`disabled`, `default`, `required`, `secret`, `format: entity` with `kind`. An unknown key is refused. What the keys mean
together is checked in `schema.py`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag, WithJsonSchema

from daytwo_forms.sources import Listed

FIELD_NAME = r"^[A-Za-z][A-Za-z0-9_]*$"  # so that `inputs.my_field` is a name and not a subtraction
FieldName = Annotated[str, Field(pattern=FIELD_NAME, max_length=64)]
KindName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=63)]
ConnectionId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=63)]
Text = Annotated[str, Field(max_length=4000)]
Line = Annotated[str, Field(max_length=200)]
Count = Annotated[int, Field(ge=0)]
Template = Annotated[str, Field(min_length=1, max_length=8000, description="text that may contain ${{ }}")]


def json_type(value: object) -> str:
    """Which member of a union a value is meant to be, so that a fault is told once and not once for each member."""
    names: tuple[tuple[type, str], ...] = (
        (bool, "flag"),
        (int, "whole"),
        (float, "number"),
        (str, "text"),
        (list, "list"),
    )
    return f"({next((name for type_, name in names if isinstance(value, type_)), 'other')})"


def option_source(value: object) -> str:
    """The same for `from`: of a document, or of a model that is written back."""
    for key, shape in (("catalog", CatalogOptions), ("values", ListedOptions)):
        if isinstance(value, shape) or (isinstance(value, dict) and key in value):
            return f"({key})"
    return "(connection)"


_Bool = Annotated[bool, Tag("(flag)")]
_Text = Annotated[str, Tag("(text)")]
_Int = Annotated[int, Tag("(whole)")]
_Float = Annotated[float, Tag("(number)")]
Flag = Annotated[
    _Bool | _Text, Discriminator(json_type), Field(description="true, false or an expression between ${{ }}")
]
Scalar = Annotated[
    _Text | _Int | _Float | _Bool,
    Discriminator(json_type),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
Number = Annotated[_Int | _Float, Discriminator(json_type), WithJsonSchema({"type": "number"})]
Positive = Annotated[
    Annotated[_Int, Field(gt=0)] | Annotated[_Float, Field(gt=0)],
    Discriminator(json_type),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]

Type = Literal["string", "number", "integer", "boolean", "array", "object"]
Format = Literal["date", "date-time", "time", "email", "ipv4", "ipv6", "uri", "uuid", "entity"]
Widget = Literal[
    "checkbox",
    "checkboxes",
    "date",
    "datetime",
    "email",
    "password",
    "radio",
    "range",
    "select",
    "text",
    "textarea",
    "time",
    "updown",
    "uri",
]


class Vocabulary(BaseModel):
    """Unknown keys are refused, and nothing is turned into another type: `"3"` is not a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Choice(Vocabulary):
    """One of a closed list: the value that is sent, and how people see it."""

    const: Scalar
    title: Line


class ConnectionOptions(Vocabulary):
    """Choices that a connection lists: tags, branches, environments … of a project."""

    connection: ConnectionId
    list: Listed
    project: Template


class CatalogQuery(Vocabulary):
    kind: KindName
    where: dict[str, JsonValue] = Field(default={}, description="property and the value that it must have")


class CatalogOptions(Vocabulary):
    """Choices that the catalog lists: the names of entities."""

    catalog: CatalogQuery


class ListedOptions(Vocabulary):
    """Choices that are known by then: a property of the entity, or what an earlier step has left."""

    values: Template = Field(description="an expression that gives a list of texts or numbers")


OptionSpec = Annotated[
    Annotated[ConnectionOptions, Tag("(connection)")]
    | Annotated[CatalogOptions, Tag("(catalog)")]
    | Annotated[ListedOptions, Tag("(values)")],
    Discriminator(option_source),
]


class Hints(Vocabulary):
    """How a field looks. Nothing here changes what is accepted."""

    ui_widget: Widget | None = Field(default=None, alias="ui:widget")
    ui_help: Text | None = Field(default=None, alias="ui:help")
    ui_title: Line | None = Field(default=None, alias="ui:title")
    ui_description: Text | None = Field(default=None, alias="ui:description")
    ui_placeholder: Line | None = Field(default=None, alias="ui:placeholder")
    ui_autofocus: bool | None = Field(default=None, alias="ui:autofocus")
    ui_enum_names: list[Line] | None = Field(default=None, alias="ui:enumNames")
    ui_order: list[Line] | None = Field(default=None, alias="ui:order")
    ui_options: dict[str, JsonValue] | None = Field(default=None, alias="ui:options")


Required = Annotated[_Bool | _Text | Annotated[list[FieldName], Tag("(list)")], Discriminator(json_type)] | None


class Value(Hints):
    """What one value may be: plain JSON Schema. Members of objects are this and nothing more."""

    type: Type
    title: Line | None = None
    description: Text | None = None
    examples: list[JsonValue] | None = Field(default=None, max_length=20)
    enum: list[Scalar] | None = Field(default=None, min_length=1, max_length=1000)
    one_of: list[Choice] | None = Field(default=None, alias="oneOf", min_length=1, max_length=1000)
    min_length: Count | None = Field(default=None, alias="minLength")
    max_length: Count | None = Field(default=None, alias="maxLength")
    pattern: str | None = Field(default=None, description="found anywhere in the text; RE2 and ECMAScript alike")
    format: Format | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    exclusive_minimum: Number | None = Field(default=None, alias="exclusiveMinimum")
    exclusive_maximum: Number | None = Field(default=None, alias="exclusiveMaximum")
    multiple_of: Positive | None = Field(default=None, alias="multipleOf")
    min_items: Count | None = Field(default=None, alias="minItems")
    max_items: Count | None = Field(default=None, alias="maxItems")
    unique_items: bool | None = Field(default=None, alias="uniqueItems")
    items: "Item | None" = None
    properties: dict[FieldName, "Value"] | None = Field(default=None, max_length=50)
    additional_properties: Literal[False] | None = Field(default=None, alias="additionalProperties")
    required: Required = Field(
        default=None, description="of an object: which members; of a field: true, false or an expression"
    )


class Item(Value):
    """A value that may be chosen from a list or from the catalog."""

    from_: OptionSpec | None = Field(default=None, alias="from")
    kind: KindName | None = Field(default=None, description="which entities, with `format: entity`")


class FieldSpec(Item):
    """A field of a form."""

    default: JsonValue = Field(default=None, description="a value, or a template for one")
    visible: Flag | None = None
    disabled: Flag | None = None
    secret: bool | None = None


class Page(Vocabulary):
    """One step of the form."""

    title: Line
    description: Text | None = None
    required: list[FieldName] = []
    properties: dict[FieldName, FieldSpec] = Field(default={}, max_length=100)
    ui_order: list[Line] | None = Field(default=None, alias="ui:order")
