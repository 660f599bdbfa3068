"""What a CI system offers to be started, as those who write actions need it."""

from pydantic import Field, JsonValue

from daytwo_api.views.common import Request, ShortText, View


class PipelineSummary(View):
    pipeline: str = Field(description="what a step writes as `pipeline`")
    title: str
    why_not: str | None = Field(description="it cannot be started, and why; null: it can")
    url: str | None


class PipelineInputView(View):
    name: str
    type: str = Field(description="string, number, boolean, choice, environment or array")
    required: bool
    default: JsonValue
    description: str | None
    options: list[str | int | float] = Field(description="none: not restricted, or not known")
    pattern: str | None
    line: int | None = Field(description="where it is declared in the pipeline's file")


class PipelineRemarkView(View):
    severity: str = Field(description="error, warning or note")
    code: str = Field(description="stable, as no-marker")
    message: str
    line: int | None


class PipelineView(View):
    """A pipeline's own inputs, what is worth knowing about its file, and an action to begin with."""

    connection: str
    project: str
    pipeline: str
    ref: str | None = Field(description="where it was read; null where there are no refs")
    file: str
    inputs: list[PipelineInputView]
    others: bool = Field(description="it takes names that it does not declare")
    packs: bool = Field(description="it takes what it does not declare packed into one input")
    marked: bool = Field(description="a list of its runs shows which one is ours")
    fenced: bool = Field(description="each of its jobs asks before it works")
    remarks: list[PipelineRemarkView]
    action: str = Field(description="an action file for it, as YAML")


class CheckedFile(Request):
    name: ShortText = Field(description="how problems call it")
    text: str = Field(max_length=262_144)


class CheckRequest(Request):
    files: list[CheckedFile] = Field(
        default=[], max_length=200, description="action files that are not registered; empty: those that are"
    )
    connections: list[ShortText] = Field(default=[], max_length=50, description="only steps of these; empty: of all")


class CheckProblem(View):
    file: str
    line: int = Field(description="from 1; 0 where it is not known")
    column: int
    severity: str = Field(description="error, warning, or note for what could not be checked")
    message: str
    suggestion: str | None
    pointer: str = Field(description="JSON pointer into the document")


class CheckView(View):
    """What to correct in actions, or in the pipelines that they start."""

    problems: list[CheckProblem]
    actions: int
    checked: int = Field(description="pairs of a step and a pipeline that were compared")
