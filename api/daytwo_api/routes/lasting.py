"""What is temporary is given back early, or lasts longer."""

from typing import Annotated

from fastapi import APIRouter, Path

from daytwo_api.asker import Decider, Runner
from daytwo_api.deps import ServicesDep
from daytwo_api.views.lasting import AskToExtendRequest, ExtendRequest, GiveBackRequest
from daytwo_api.views.runs import RunView

router = APIRouter(prefix="/runs/{run}/steps/{step}", tags=["runs"])
Name = Annotated[str, Path(max_length=100)]


@router.post("/end", summary="Give back what is temporary: the run undoes it now", operation_id="giveBack")
async def give_back(run: Name, step: Name, asked: GiveBackRequest, by: Runner, services: ServicesDep) -> RunView:
    return await services.lasting.give_back(by, run, step, asked)


@router.post(
    "/extension",
    summary="Ask those whom the action names to move the end of what is temporary",
    operation_id="askToExtend",
)
async def ask_to_extend(run: Name, step: Name, asked: AskToExtendRequest, by: Runner, services: ServicesDep) -> RunView:
    return await services.lasting.ask_to_extend(by, run, step, asked)


@router.post(
    "/extend",
    summary="Approve that what is temporary lasts longer, also unasked; never by who asked for the run",
    operation_id="extendStep",
)
async def extend_step(run: Name, step: Name, asked: ExtendRequest, by: Decider, services: ServicesDep) -> RunView:
    return await services.lasting.extend(by, run, step, asked)
