"""What an identity provider has said of somebody, and how long ago."""

from datetime import timedelta
from typing import Final

from company import Company
from sqlalchemy import func, update

from daytwo_store import identity
from daytwo_store.tables import PrincipalRow

HOUR: Final = timedelta(hours=1)
NIGHT: Final = timedelta(hours=14)
SEASON: Final = timedelta(days=90)


async def says(company: Company, name: str, *groups: str, ago: timedelta = timedelta(0)) -> None:
    """It has said so of somebody, so long ago; that lets them in for an hour."""
    who = await company.person(name)
    async with company.store.write() as tx:
        await identity.heard(tx, who, groups, until=tx.now + HOUR - ago)
        # Whether it is fresh is asked of the database's clock, which no test moves.
        fresh_until = func.now() + HOUR - ago
        told = update(PrincipalRow).where(PrincipalRow.id == who)
        await tx.session.execute(told.values(groups_at=tx.now - ago, groups_until=fresh_until))
