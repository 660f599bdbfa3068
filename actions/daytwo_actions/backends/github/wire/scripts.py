"""Where a workflow puts an input into a program: what somebody typed then runs as a command.

`${{ }}` is filled in before the shell or the interpreter reads the text, so no quoting helps. The safe way is a
variable of the environment. https://docs.github.com/en/actions/concepts/security/script-injections
"""

import re
from collections.abc import Iterator
from typing import Final

import yaml

from daytwo_actions.backends.pipeline_file import PipelineFile, bracketed, child, entries, items, line_of, word
from daytwo_actions.backends.remarks import variable

_LONGEST: Final = 2_000  # characters of an expression that is looked into; a longer one is not safe by its operators
_SUBSCRIPT: Final = re.compile(r"\[\s*'([A-Za-z_][\w-]*)'\s*\]")
_LITERAL: Final = re.compile(r"'(?:[^']|'')*'")
# Whatever they are given, these are true or false.
_ASKS: Final = re.compile(r"\b(?:contains|startsWith|endsWith)\s*\([^()]*\)", re.IGNORECASE)
_NAME: Final = r"[A-Za-z_][\w.-]*"
_COMPARED: Final = re.compile(rf"(?:{_NAME}|''|[\d.]+)\s*(?:==|!=|<=?|>=?)\s*(?:{_NAME}|''|[\d.]+)")
_ONLY_ASKED: Final = re.compile(rf"!\s*{_NAME}|{_NAME}(?=\s*&&)")
_INPUT: Final = re.compile(r"(?<![\w.-])(?:github\.event\.)?inputs(?:\.([A-Za-z_][\w-]*|\*))?(?![\w-])", re.IGNORECASE)
_ALL: Final = re.compile(r"(?<![\w.-])github(?:\.event)?(?![\w.-])", re.IGNORECASE)
_CARRIER: Final = re.compile(r"(?<![\w.-])(env|matrix)\.([A-Za-z_][\w-]*)(?![\w-])", re.IGNORECASE)
_SCRIPTS: Final = frozenset({"script", "inlinescript"})  # `with` keys that are programs
_SHELL: Final = 'Hand it over as data: `env: {{{name}: "{text}"}}` on the step, and "${name}" in the script.'
_NODE: Final = 'Hand it over as data: `env: {{{name}: "{text}"}}` on the step, and process.env.{name} in the script.'


def interpolations(source: PipelineFile, harmless: frozenset[str]) -> Iterator[tuple[int, str, str]]:
    """Line, expression as written, and the safe way, of each. `harmless` are inputs that can only be a word."""
    root = source.documents[0]
    carriers = _carriers(root, harmless)
    told: set[tuple[int, str]] = set()
    for script, advice in _scripts(root):
        for line, text in _expressions(source, script):
            name = _unsafe(text, harmless, carriers)
            if name is not None and (line, text) not in told:
                told.add((line, text))
                yield line, text, advice.format(name=variable(name), text=text)


def _scripts(root: yaml.Node) -> Iterator[tuple[yaml.Node, str]]:
    """Every text of the file that is run as a program, and what is said about an input in it."""
    for _, _, job in entries(child(root, "jobs")):
        for step in items(child(job, "steps")):
            if (run := child(step, "run")) is not None:
                yield run, _SHELL
            uses = (word(child(step, "uses")) or "").lower()
            for key, _, value in entries(child(step, "with")):
                if key.lower() in _SCRIPTS:
                    yield value, _NODE if uses.startswith("actions/github-script") else _SHELL


def _expressions(source: PipelineFile, script: yaml.Node) -> Iterator[tuple[int, str]]:
    first = line_of(script)
    found = [(first + lines, text) for lines, text in bracketed(source.source(script), "${{", "}}")]
    # Nothing in the file's own characters: it may be written with escapes.
    yield from found or [(first, text) for _, text in bracketed(word(script) or "", "${{", "}}")]


def _unsafe(text: str, harmless: frozenset[str], carriers: frozenset[str]) -> str | None:
    """The name of what comes from an input and could be anything, or None."""
    expression = _LITERAL.sub("''", _SUBSCRIPT.sub(r".\1", text[3:-2]))
    for known in (_ASKS, _COMPARED, _ONLY_ASKED) if len(expression) <= _LONGEST else ():
        expression = known.sub("''", expression)
    for one in _INPUT.finditer(expression):
        name = (one[1] or "*").lower()
        if name not in harmless:
            return "inputs" if name == "*" else str(one[1])
    if _ALL.search(expression):
        return "event"
    carried = (one for one in _CARRIER.finditer(expression) if f"{one[1]}.{one[2]}".lower() in carriers)
    return next((one[2] for one in carried), None)


def _carriers(root: yaml.Node, harmless: frozenset[str]) -> frozenset[str]:
    """`env.…` and `matrix.…` that somewhere in the file hold an input; `${{ env.X }}` is no better than the input."""
    found: set[str] = set()
    for prefix, node in _assignments(root):
        for key, _, value in entries(node):
            texts = [word(item) or "" for item in (value, *items(value))]
            expressions = (one for text in texts for _, one in bracketed(text, "${{", "}}"))
            if any(_unsafe(one, harmless, frozenset()) for one in expressions):
                found.add(f"{prefix}.{key}".lower())
    return frozenset(found)


def _assignments(root: yaml.Node) -> Iterator[tuple[str, yaml.Node | None]]:
    yield "env", child(root, "env")
    for _, _, job in entries(child(root, "jobs")):
        yield "env", child(job, "env")
        yield "matrix", child(job, "strategy", "matrix")
        for step in items(child(job, "steps")):
            yield "env", child(step, "env")
