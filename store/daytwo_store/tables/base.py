"""What all tables share."""

from datetime import datetime
from typing import Any, ClassVar

from pydantic import JsonValue
from sqlalchemy import BigInteger, DateTime, Double, LargeBinary, MetaData, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase

Json = dict[str, JsonValue]
Texts = list[str]


class Base(DeclarativeBase):
    """Times carry their zone, text has no length in the database, ids are text."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        int: BigInteger,
        float: Double,
        bytes: LargeBinary,
        datetime: DateTime(timezone=True),
        Json: JSONB,
        list[Json]: JSONB,
        dict[str, list[str]]: JSONB,
        Texts: ARRAY(Text),
    }
