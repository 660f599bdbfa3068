"""`uses: input`: people give values in the middle of a run."""

from typing import Literal

from pydantic import Field

from daytwo_actions.definitions.approval_stage import Form
from daytwo_actions.definitions.steps.task import Asked, PeopleStep
from daytwo_forms.fields import Page, Template


class Input(Asked):
    text: Template | None = Field(default=None, description="what it is about")
    form: Form = Field(description="what is asked; later steps know it as the results of this one")


class InputStep(PeopleStep):
    """Succeeds when somebody has filled it in."""

    uses: Literal["input"]
    with_: Input = Field(alias="with")

    @property
    def what(self) -> Input:
        return self.with_

    @property
    def pages(self) -> list[Page]:
        return self.with_.form.pages
