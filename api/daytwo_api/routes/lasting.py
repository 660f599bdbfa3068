"""What is temporary is given back early, or lasts longer."""

from typing import Annotated

from fastapi import APIRouter, Path

from daytwo_api.asker import Decider, Runner
from daytwo_api.deps import ServicesDep
from daytwo_api.views.lasting import ExtendRequest, GiveBackRequest
from daytwo_api.views.runs import RunView

router = APIRouter(prefix="/runs/{run}/steps/{step}", tags=["runs"])
Name = Annotated[str, Path(max_length=100)]


@router.post("/end", summary="Give back what is temporary: the run undoes it now", operation_id="giveBack")
async def give_back(run: Name, step: Name, asked: GiveBackRequest, by: Runner, services: ServicesDep) -> RunView:
    return await services.lasting.give_back(by, run, step, asked)


@router.post(
    "/extend", summary="Move the end of what is temporary; never by who asked for the run", operation_id="extendStep"
)
async def extend_step(run: Name, step: Name, asked: ExtendRequest, by: Decider, services: ServicesDep) -> RunView:
    return await services.lasting.extend(by, run, step, asked)
