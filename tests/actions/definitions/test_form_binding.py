"""The form of the design's example: definitions, expressions and forms together."""

from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from daytwo_actions.definitions import ActionVersion, load_action
from daytwo_actions.form import accept_inputs, inputs_context, list_options, resolve_form
from daytwo_forms import InputRejected, OptionQuery, ValidInput

pytestmark = pytest.mark.anyio
USER = {"name": "Ana", "ref": "person:ana", "groups": ["group:storefront"], "email": "ana@acme.example"}
Answers = Mapping[str, JsonValue]


@pytest.fixture
def deploy(deploy_text: str) -> ActionVersion:
    return load_action(deploy_text, "deploy.yaml")


async def resolved(deploy: ActionVersion, company, answers: Answers):
    return await resolve_form(
        deploy, entity=company.entities["service:shop"], user=USER, answers=answers, sources=company.sources
    )


async def accepted(deploy: ActionVersion, company, answers: Answers) -> ValidInput:
    return await accept_inputs(
        deploy, entity=company.entities["service:shop"], user=USER, answers=answers, sources=company.sources
    )


async def test_an_empty_form(deploy: ActionVersion, company) -> None:
    form = await resolved(deploy, company, {})
    (page,) = form.pages
    assert page.title == "What"
    assert page.schema["required"] == ["version", "environment"]
    assert list(page.schema["properties"]) == ["version", "environment"]  # `reason` waits for the environment
    assert [one["const"] for one in page.schema["properties"]["version"]["oneOf"]] == company.tags
    assert form.data == {}
    assert form.errors == ()
    assert form.warnings == ()
    assert company.asked == [OptionQuery(source="github", list="tags", project="acme/shop")]


async def test_the_reason_is_asked_for_in_production_only(deploy: ActionVersion, company) -> None:
    staging = await resolved(deploy, company, {"environment": "environment:staging"})
    assert "reason" not in staging.pages[0].schema["properties"]
    production = await resolved(deploy, company, {"environment": "production"})
    assert production.pages[0].ui["reason"] == {"ui:widget": "textarea"}
    assert production.data == {"environment": "environment:production"}


async def test_accepted_inputs_and_what_expressions_see_of_them(deploy: ActionVersion, company) -> None:
    inputs = await accepted(deploy, company, {"version": "1.10", "environment": "staging"})
    assert inputs == {"version": "1.10", "environment": "environment:staging"}
    context = await inputs_context(deploy, inputs, company.sources)
    assert context == {"version": "1.10", "environment": company.entities["environment:staging"], "reason": None}


async def test_submission_asks_for_the_choice_only(deploy: ActionVersion, company) -> None:
    await accepted(deploy, company, {"version": "1.1.0", "environment": "staging"})
    assert [query.exact for query in company.asked] == ["1.1.0"]


@pytest.mark.parametrize(
    ("answers", "pointers"),
    [
        ({}, ["/inputs/version", "/inputs/environment"]),
        ({"version": "9.9", "environment": "staging"}, ["/inputs/version"]),
        ({"version": 1.1, "environment": "staging"}, ["/inputs/version"]),
        ({"version": "1.1.0", "environment": "nowhere"}, ["/inputs/environment"]),
        ({"version": "1.1.0", "environment": "service:shop"}, ["/inputs/environment"]),
        ({"version": "1.1.0", "environment": "staging", "reason": "x"}, ["/inputs/reason"]),
        ({"version": "1.1.0", "environment": "staging", "daytwo_run": "x"}, ["/inputs/daytwo_run"]),
        ({"version": "${{ entity.name }}", "environment": "staging"}, ["/inputs/version"]),
        (
            {"version": "1.1.0", "environment": {"ref": "environment:staging", "name": "production"}},
            ["/inputs/environment"],
        ),
        ({"version": "1.1.0", "environment": "production", "reason": "x" * 60_001}, ["/inputs/reason"]),
    ],
)
async def test_bad_input(deploy: ActionVersion, company, answers: Answers, pointers: list[str]) -> None:
    with pytest.raises(InputRejected) as caught:
        await accepted(deploy, company, answers)
    assert [fault.pointer for fault in caught.value.errors] == pointers


async def test_input_with_an_expression_in_it_stays_text(deploy: ActionVersion, company) -> None:
    reason = "${{ entity.owner }} {{ 7 * 7 }} ${{ secrets.x }}"
    inputs = await accepted(deploy, company, {"version": "1.1.0", "environment": "production", "reason": reason})
    assert inputs["reason"] == reason


async def test_an_entity_that_is_gone_is_null_for_expressions(deploy: ActionVersion, company) -> None:
    inputs = await accepted(deploy, company, {"version": "1.1.0", "environment": "staging"})
    del company.entities["environment:staging"]
    assert (await inputs_context(deploy, inputs, company.sources))["environment"] is None


async def test_options_are_searched(deploy: ActionVersion, company) -> None:
    entity = company.entities["service:shop"]
    page = await list_options(
        deploy, "version", entity=entity, user=USER, answers={}, sources=company.sources, search="1.1"
    )
    assert [option.value for option in page.options] == ["1.1.0", "1.10"]
    assert company.asked == [OptionQuery(source="github", list="tags", project="acme/shop", search="1.1")]


async def test_a_service_without_a_repository_has_a_form_with_a_warning(deploy: ActionVersion, company) -> None:
    company.entities["service:shop"]["properties"] = {}
    form = await resolved(deploy, company, {})
    (warning,) = form.warnings
    assert warning.pointer == "/version"
    assert "`entity.properties.repository` is not defined" in warning.detail
    with pytest.raises(InputRejected):
        await accepted(deploy, company, {"version": "1.1.0", "environment": "staging"})
