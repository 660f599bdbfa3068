"""What is written into the catalog: the shape of these keys."""

from typing import Annotated

from pydantic import Field, JsonValue

from daytwo_forms.fields import KindName, Template, Vocabulary

_Name = Annotated[str, Field(min_length=1, max_length=63)]


class Upsert(Vocabulary):
    """An entity that is created, or changed where it is named."""

    kind: KindName
    name: Template
    properties: dict[_Name, JsonValue] = {}
    relations: dict[_Name, JsonValue] = Field(default={}, description="a ref, or a list of them")
