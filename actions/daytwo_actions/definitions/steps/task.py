"""`uses: task`: people do something by hand, say that it is done, and leave what shows it."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import ClassVar, Final, Literal

from pydantic import Field

from daytwo_actions.definitions.approval_stage import ApprovalStage, Form
from daytwo_actions.definitions.approvers import Approver, AskedFor, Reminder
from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.steps.common import Effect, Place, StepBase
from daytwo_forms.fields import FieldName, FieldSpec, Page, Template, Value, Vocabulary

EVIDENCE: Final = "Evidence"  # the title of its page in the form


class Asked(Vocabulary):
    """Who does it, and until when."""

    from_: list[AskedFor] = Field(
        alias="from", min_length=1, max_length=50, description="who may do it; the first who takes it does"
    )
    four_eyes: bool = Field(
        default=False, description="true: never who asks for the run, nor who last changed this file"
    )
    due: Duration = Field(default=timedelta(hours=24), description="when it should be done, from its beginning")
    remind: list[Reminder] = Field(
        default=[], max_length=10, description="when those who are asked are reminded: shares of `due`, or times"
    )
    escalate: list[Approver] = Field(
        default=[],
        max_length=20,
        description="who is asked as well when it is not done by then; left out: the step fails then",
    )

    @property
    def stage(self) -> ApprovalStage:
        """The same people, as approvals ask them."""
        return ApprovalStage.model_construct(  # its parts are checked
            from_=self.from_,
            expires=self.due,
            self_approval=not self.four_eyes,
            editor_approval=True,
            remind=self.remind,
        )


class Evidence(Vocabulary):
    """What whoever has done it leaves to show it: fields as in a form."""

    required: list[FieldName] = []
    properties: dict[FieldName, FieldSpec] = Field(min_length=1, max_length=20)


class Task(Asked):
    text: Template = Field(description="what is to be done; Markdown is shown as the text that it is")
    form: Form = Field(default=Form(), description="what whoever does it fills in; later steps know it as its results")
    evidence: Evidence | None = Field(default=None, description="what shows that it was done; later steps know it, too")


class PeopleStep(StepBase):
    """A step that people do: it is over when one of them says so."""

    effects: ClassVar[tuple[Effect, ...]] = (Effect.READ,)
    without: ClassVar[Mapping[str, str]] = {"retry": "People are asked once"}
    usual_timeout: ClassVar[timedelta] = timedelta(days=7)
    kept: ClassVar[frozenset[str]] = frozenset({"from", "form", "evidence"})

    @property
    def asked(self) -> Asked:
        asked = self.what
        assert isinstance(asked, Asked)
        return asked

    @property
    @abstractmethod
    def pages(self) -> list[Page]:
        """What is filled in."""

    @property
    def limit(self) -> timedelta:
        """Where nobody else is asked later, it is over when it is due."""
        return super().limit if self.asked.escalate else self.asked.due

    @property
    def ignores(self) -> Mapping[str, str]:
        mine = {} if self.asked.escalate else {"timeout": "Without `escalate` it has as long as `due` says"}
        return {**self.without, **mine}

    @property
    def leaves(self) -> dict[FieldName, Value]:
        """What was filled in; an optional field that is not answered is null."""
        return {name: field for page in self.pages for name, field in page.properties.items() if not field.secret}

    def places(self) -> Iterator[Place]:
        text = getattr(self.what, "text", None)
        if text is not None:
            yield "text", text, Scope.STEP


class TaskStep(PeopleStep):
    """Succeeds when it is done, and fails when it cannot be, or when nobody has done it in time."""

    uses: Literal["task"]
    with_: Task = Field(alias="with")

    @property
    def what(self) -> Task:
        return self.with_

    @property
    def pages(self) -> list[Page]:
        shown = self.with_.evidence
        if shown is None:
            return self.with_.form.pages
        more = Page(title=EVIDENCE, required=shown.required, properties=shown.properties)
        return [*self.with_.form.pages, more]
