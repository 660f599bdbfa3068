"""What jobs of CI systems send us, and what they get."""

from typing import Annotated

from pydantic import Field, JsonValue

from daytwo_api.views.common import Request, ShortText, View

Marker = Annotated[str, Field(pattern=r"^[a-z2-7]{20}$", description="the input `daytwo_run`")]
Execution = Annotated[
    ShortText | None,
    Field(
        description="only with the attempt's own token: which start of the pipeline asks, as its uid; with a token of "
        "the CI system, that says it"
    ),
]


class ClaimRequest(Request):
    marker: Marker
    execution: Execution = None
    job: str | None = Field(
        default=None,
        max_length=300,
        description="the name of the job or the pod that asks: each of an execution may work once",
    )
    start: ShortText | None = Field(
        default=None,
        description="only with the attempt's own token: which start of that job asks, as the uid of its pod; with a "
        "token of the CI system, that says it",
    )


class ClaimView(View):
    """This start of this job may work, and no other execution of this attempt."""

    run: str
    step: str
    attempt: int
    url: str = Field(description="the run's page")


class ReportRequest(Request):
    marker: Marker
    execution: Execution = None
    outputs: dict[str, JsonValue] = Field(description="the results, a plain JSON object of at most 64 KB")


class ReportView(View):
    kept: bool = True


class SecretsRequest(Request):
    marker: Marker
    execution: Execution = None


class CollectedSecret(View):
    name: str = Field(description="of the field in the action's form")
    base64: str = Field(description="its value as UTF-8, in base64: a shell can read it without a JSON parser")


class CollectedSecrets(View):
    """Handed out this once."""

    secrets: list[CollectedSecret]
