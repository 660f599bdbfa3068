"""Whatever a file holds, it is an action or a `DefinitionRejected`."""

import asyncio
from pathlib import Path

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from daytwo_actions.definitions import DefinitionRejected, load_action
from daytwo_actions.definitions.yaml import read_documents
from daytwo_actions.form import resolve_form
from daytwo_forms import Option, OptionPage, OptionQuery, Sources

TEXT = (Path(__file__).parent / "deploy.yaml").read_text()
LINES = TEXT.splitlines()
SIGNS = st.sampled_from(
    [
        *"{}[]:,-&*!|>'\"%@`#?\n \t~0",
        "${{",
        "}}",
        "- ",
        ": ",
        "a",
        "1.10",
        "<<",
        "---",
        "...",
        "&a",
        "*a",
        "!!x",
        "é",
        "\0",
    ]
)
GARBAGE = st.lists(SIGNS, max_size=60).map("".join) | st.text(max_size=120)


class Nothing:
    async def get(self, kind: str, name: str) -> None:
        return None

    async def search(self, kind: str, q: str, cursor: str | None) -> OptionPage:
        return OptionPage(options=())

    async def options(self, query: OptionQuery) -> OptionPage:
        return OptionPage(options=[Option(value="x", title="x")])


def attempt(text: str) -> None:
    try:
        version = load_action(text, "f.yaml")
    except DefinitionRejected as error:
        check(error, text)
        return
    nothing = Nothing()
    sources = Sources(options=nothing, entities=nothing)
    form = asyncio.run(resolve_form(version, entity={}, user={}, answers={}, sources=sources))
    assert rfc8785.dumps({"pages": [dict(page.schema) for page in form.pages]})


def check(error: DefinitionRejected, text: str) -> None:
    lines = text.splitlines() or [""]
    assert error.problems
    for problem in error.problems:
        assert problem.message
        assert 1 <= problem.line <= len(lines) + 1
        assert problem.column >= 1
        assert len(str(problem)) < 2000


@settings(max_examples=250, deadline=None)
@given(GARBAGE)
def test_garbage_is_refused_or_read(text: str) -> None:
    attempt(text)
    try:
        documents = read_documents(text, "f.yaml")
    except DefinitionRejected as error:
        check(error, text)
    else:
        for document in documents:
            assert rfc8785.dumps(document.value)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_example_is_refused_or_read(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["cut", "insert", "drop line", "double line", "swap lines", "replace word"]))
    at = data.draw(st.integers(0, len(TEXT) - 1))
    line, other = data.draw(st.integers(0, len(LINES) - 1)), data.draw(st.integers(0, len(LINES) - 1))
    lines = list(LINES)
    match kind:
        case "cut":
            attempt(TEXT[:at])
            return
        case "insert":
            attempt(TEXT[:at] + data.draw(GARBAGE) + TEXT[at:])
            return
        case "replace word":
            word = data.draw(st.sampled_from(TEXT.split()))
            attempt(TEXT.replace(word, data.draw(SIGNS | st.sampled_from(TEXT.split()))))
            return
        case "drop line":
            del lines[line]
        case "double line":
            lines.insert(line, lines[line])
        case "swap lines":
            lines[line], lines[other] = lines[other], lines[line]
    attempt("\n".join(lines))
