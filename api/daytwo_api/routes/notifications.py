"""Channels of notifications: a list without addresses, and a message to try one."""

from typing import Annotated

from fastapi import APIRouter, Path

from daytwo_actions.roles import Permission
from daytwo_api.asker import NotificationManager, needs
from daytwo_api.deps import ServicesDep
from daytwo_api.views.common import Page
from daytwo_api.views.notifications import ChannelView, TestOfChannel

router = APIRouter(prefix="/channels", tags=["notifications"])


@router.get(
    "",
    summary="Channels by which people are told, without their addresses",
    operation_id="listChannels",
    dependencies=[needs(Permission.NOTIFICATIONS_MANAGE)],
)
async def list_channels(services: ServicesDep) -> Page[ChannelView]:
    return await services.notifications.channels()


@router.post("/{name}/test", summary="Send one message to try a channel", operation_id="testChannel")
async def test_channel(
    name: Annotated[str, Path(max_length=100)], by: NotificationManager, services: ServicesDep
) -> TestOfChannel:
    return await services.notifications.test(by, name)
