"""daytwo validate, daytwo schema: without a server."""

from enum import StrEnum


class Document(StrEnum):
    ACTION = "action"
    KIND = "kind"
    ENTITY = "entity"
