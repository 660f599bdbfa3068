"""What is known of a connection's limits, for those who plan by it. Kept to in `connections/considerate.py`."""

from daytwo_store import connections
from daytwo_store.connections import Allowance
from daytwo_workflows.life.context import Life


async def held(life: Life, connection: str) -> float | None:
    """Seconds that nobody may ask this connection anything for; None when it may be asked."""
    async with life.store.read() as session:
        return await connections.held(session, connection, now=await life.store.clock.now(session))


async def remember(life: Life, connection: str) -> None:
    """Tell all processes, and people, what the connection's last answers said of its limits."""
    backend = life.backends.get(connection)
    told = backend.budget() if backend is not None else None
    if told is None:
        return
    allowance = Allowance(
        limit=told.limit, remaining=told.remaining, resets_at=told.resets_at, held_until=told.held_until
    )
    async with life.store.write() as tx:
        await connections.learn(tx, connection, allowance)
