"""A pipeline as an action: what a person would have written, and what `daytwo validate` accepts."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daytwo_actions.backends.pipelines import InputType, PipelineInput, PipelineInputs
from daytwo_actions.definitions import load_action
from daytwo_actions.drafts.action import action_text
from daytwo_actions.drafts.fields import draft

DEPLOY = """\
# Made from deploy.yml of acme/shop. Read it before you register it: who may run it (nobody yet), whether
# somebody has to approve it, on which kind of entity it is offered (`target`), and what it locks (`lock`).
apiVersion: daytwo/v1
kind: Action
metadata:
  name: deploy
  title: Deploy it
spec:
  operation: day-2
  form:
    pages:
      - title: What
        required: [version, image_tag]
        properties:
          version:
            type: string
            title: Version
            description: |-
              A tag.
              As in 1.10.
            pattern: ^[0-9.]+$
            default: '1.10'
          image_tag:
            type: string
            title: Image tag
          place:
            type: string
            title: Place
            from: {connection: github, list: environments, project: acme/shop}
          dry:
            type: boolean
            title: Dry
            default: true
          count:
            type: number
            title: Count
            default: 3
          size:
            type: number
            title: Size
            enum: [1, 2]
            default: 2
          color:
            type: string
            title: Color
            enum: [red, 'true', '']
            default: 'true'
          hosts:
            type: array
            title: Hosts
            items: {type: string}
            default: [a, b]
  allow:
    run: ['group:who-may-run-this']
  steps:
    - id: run
      uses: github
      with:
        project: acme/shop
        pipeline: deploy.yml
        ref: main
        inputs:
          version: ${{ inputs.version }}
          image-tag: ${{ inputs.image_tag }}
          place: ${{ inputs.place }}
          dry: ${{ inputs.dry }}
          count: ${{ inputs.count }}
          size: ${{ inputs.size }}
          color: ${{ inputs.color }}
          hosts: ${{ inputs.hosts }}
"""


def one(name: str, type_: InputType = InputType.STRING, **facts: Any) -> PipelineInput:
    return PipelineInput(name=name, type=type_, **{"required": False, **facts})


def text(*inputs: PipelineInput, others: bool = False, name: str = "deploy.yml") -> str:
    pipeline = PipelineInputs(file="deploy.yml", inputs=inputs, others=others, marked=True, fenced=False)
    return action_text(pipeline, connection="github", project="acme/shop", name=name, ref="main", title="Deploy it")


def test_every_kind_of_input_becomes_a_field() -> None:
    made = text(
        one("version", required=True, default="1.10", description="A tag.\nAs in 1.10.", pattern="^[0-9.]+$"),
        one("image-tag", required=True),
        one("place", InputType.ENVIRONMENT, options=("staging",)),  # of today: the form asks each time
        one("dry", InputType.BOOLEAN, default=True),
        one("count", InputType.NUMBER, default=3),
        one("size", InputType.CHOICE, options=(1, 2), default=2),
        one("color", InputType.CHOICE, options=("red", "true", ""), default="true"),
        one("hosts", InputType.ARRAY, default=["a", "b"]),
    )
    assert made == DEPLOY
    assert load_action(made, "deploy.yaml").name == "deploy"


def test_a_pipeline_without_inputs_has_no_form() -> None:
    made = text()
    assert "form" not in made
    assert "inputs" not in made
    load_action(made, "deploy.yaml")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (one("a", pattern="(?=x)"), "The pattern of `a` is checked by the pipeline only."),
        (one("a", default="${{ secrets.X }}"), "The default of `a` is not in the form"),
        (one("a", default="x", pattern="^y$"), "The default of `a` is not in the form"),
        (one("a", InputType.ARRAY, default=[1]), "The default of `a` is not in the form"),
        (one("a", InputType.CHOICE, options=("x", "${{ y }}")), "Not every option of `a` is in the form."),
        (one("a" * 64), "is not here: a form cannot have it."),
        (one("a\nb: c"), "is not here: a form cannot have it."),
    ],
)
def test_what_a_form_cannot_say_is_left_out_and_said(given: PipelineInput, said: str) -> None:
    made = text(given)
    assert said in made
    assert "${{ secrets" not in made
    load_action(made, "deploy.yaml")


def test_names_that_come_out_alike_stay_apart() -> None:
    made = draft([one("a-b"), one("a_b"), one("a.b"), one("_c"), one("1")], connection="github", project="x")
    assert list(made.fields) == ["a_b", "a_b_2", "a_b_3", "x_c", "x1"]
    assert made.inputs["a.b"] == "${{ inputs.a_b_3 }}"


def test_more_inputs_than_a_page_holds_are_said() -> None:
    made = text(*(one(f"i{number}") for number in range(102)))
    assert made.count("is not here") == 2
    load_action(made, "deploy.yaml")


@pytest.mark.parametrize(
    ("name", "called"),
    [("Deploy_prod.yml", "deploy-prod"), ("1.yml", "run-1"), ("---.yml", "run"), ("", "shop"), ("é.yml", "run")],
)
def test_the_action_has_a_name_that_it_may_have(name: str, called: str) -> None:
    made = text(name=name)
    assert f"  name: {called}\n" in made


words = st.text(max_size=40)
values = st.one_of(words, st.integers(), st.floats(), st.booleans(), st.none(), st.lists(words, max_size=3))


@given(
    st.lists(
        st.builds(
            PipelineInput,
            name=words,
            type=st.sampled_from(InputType),
            required=st.booleans(),
            default=values,
            description=st.none() | words,
            options=st.lists(words | st.integers() | st.floats(), max_size=4).map(tuple),
            pattern=st.none() | words,
        ),
        max_size=5,
    ),
    words,
)
@settings(max_examples=60, deadline=None)
def test_whatever_a_pipeline_says_the_file_is_accepted(inputs: list[PipelineInput], title: str) -> None:
    pipeline = PipelineInputs(file=title, inputs=inputs, others=True, marked=True, fenced=False)
    load_action(action_text(pipeline, connection="github", project="a/b", name="c.yml", ref="m", title=title), "a.yaml")
