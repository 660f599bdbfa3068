"""The entities that an action goes through: those of a kind with all these values, as far as somebody may see them."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.entities import Entity, Sees, as_entity, hidden, may_see
from daytwo_store.entity_conditions import Condition, matches
from daytwo_store.tables import EntityRow


async def count_and_first(
    session: AsyncSession, kind: str, where: Mapping[str, JsonValue], owner: str | None, *, sees: Sees, limit: int
) -> tuple[int, Sequence[Entity]]:
    """How many there are, and the first of them by title and ref.

    Each of `where` is the value of a property, one of a property's list, or a ref that a relation leads to. What leads
    to an entity that may not be seen is not found, as if that did not exist.
    """
    texts = {name: _text(value) for name, value in where.items()}
    if await hidden(session, {text for text in texts.values() if ":" in text}, sees=sees):
        return 0, ()
    conditions = [may_see(sees), EntityRow.kind == kind]
    for name, text in texts.items():
        both = (matches(Condition(name=name, operator=one, value=text)) for one in ("is", "relates to"))
        conditions.append(or_(*both))
    if owner is not None:
        conditions.append(EntityRow.owner == owner)
    total = await session.scalar(select(func.count()).select_from(EntityRow).where(*conditions)) or 0
    rows = await session.scalars(
        select(EntityRow).where(*conditions).order_by(EntityRow.title, EntityRow.ref).limit(limit)
    )
    return total, [as_entity(row) for row in rows]


def _text(value: JsonValue) -> str:
    """As the database writes a value of JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)
