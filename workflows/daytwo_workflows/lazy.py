"""A driver for a process that has to work while Temporal is away: it connects at the first call, and again later."""

from temporalio.client import Client

from daytwo_workflows.client import Driver
from daytwo_workflows.settings import Settings


async def lazy_driver(settings: Settings) -> Driver:
    """Asks nothing of Temporal yet; every call through it says itself whether Temporal answered."""
    client = await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace, lazy=True)
    return Driver(client)
