"""Runs of before under other rules: who would be asked for them."""

from datetime import datetime

from pydantic import Field

from daytwo_api.views.common import Moment, Person, Request, ShortText, View
from daytwo_api.views.freezes import HeldView
from daytwo_api.views.pipelines import CheckedFile
from daytwo_store.states import RunState
from daytwo_workflows.life.replaying import Outcome, Why


class ReplayRequest(Request):
    """Files with actions, freezes and the policy as they are to be. What stands in none of them stays as it is."""

    files: list[CheckedFile] = Field(min_length=1, max_length=200)
    since: Moment = Field(description="runs that were asked for from then on")
    until: Moment | None = Field(default=None, description="and before then")
    action: ShortText | None = Field(default=None, description="only runs of this one")
    entity: ShortText | None = Field(default=None, description="only runs about this one")
    cursor: str | None = Field(default=None, max_length=500)
    limit: int = Field(default=100, ge=1, le=200, description="a page may hold fewer: it ends after some seconds")


class AskedView(View):
    """One stage of an approval."""

    needed_from: list[str]
    count: int | None = Field(description="how many of them; null: all")
    rule: str | None = Field(description="the expression that approves it in place of people")
    step: str | None = Field(description="the step that asks, in the middle of the run; null: before it")
    text: str = Field(description="'2 of group:sre'")


class ReplayedRun(View):
    run: str
    action: str
    entity: str | None
    requester: Person
    state: RunState
    created_at: datetime
    outcome: Outcome = Field(
        description="approval: nobody was asked, and people would be; other_approval: others, more or fewer; rule: a "
        "rule would approve it; no_approval: nobody would be asked any more; held: a freeze would hold it back; "
        "refused: it could not be asked for; unknown: it cannot be told"
    )
    why: Why | None = Field(
        description="of refused: allow, see, inputs, plan; of unknown: action, entity, requester, choices, secret, "
        "definition, hidden"
    )
    told: str | None = Field(description="of refused, what the requester would be told; of unknown, what is not known")
    was: list[AskedView] = Field(description="who was asked; none: nobody")
    would_be: list[AskedView] = Field(description="who would be asked; none also where it would be refused")
    was_text: str
    would_be_text: str
    held: list[HeldView] = Field(description="freezes that would hold it back at its time, and do not as they are")
