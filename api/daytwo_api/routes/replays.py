"""Runs of before under rules that are not registered yet, for who changes them."""

from typing import Annotated

from fastapi import APIRouter, Depends

from daytwo_actions.roles import Permission
from daytwo_api.asker import Asker, Needs
from daytwo_api.deps import ServicesDep
from daytwo_api.views.common import Page
from daytwo_api.views.replays import ReplayedRun, ReplayRequest

router = APIRouter(tags=["control"])
Replayer = Annotated[Asker, Depends(Needs(Permission.POLICY_REPLAY))]


@router.post(
    "/policy/replays",
    summary="Who would be asked for the runs of before, by other actions, freezes and roles; nothing is changed",
    operation_id="replayRuns",
)
async def replay_runs(asked: ReplayRequest, by: Replayer, services: ServicesDep) -> Page[ReplayedRun]:
    return await services.replays.replay(by, asked)
