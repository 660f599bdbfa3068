"""The dotted names between ``${{ }}`` that run names, job names and concurrency groups use.

Only names are looked up, as ``inputs.version``; whatever else stands there is left as it is, visibly, because a guess
would be worse. https://docs.github.com/en/actions/reference/workflows-and-actions/contexts
"""

import re
from collections.abc import Mapping

_HOLE = re.compile(r"\$\{\{(.*?)\}\}")
_NAME = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)+")


def fill(text: str, names: Mapping[str, object]) -> str:
    """Replace each expression that is a dotted name by its value; a member that does not exist is empty, as on GitHub.

    >>> fill("Deploy ${{ inputs.version }}", {"inputs": {"version": "1.0"}})
    'Deploy 1.0'
    """

    def value(found: re.Match[str]) -> str:
        expression = found[1].strip()
        if not _NAME.fullmatch(expression) or expression.split(".")[0] not in names:
            return found[0]
        return _shown(_member(names, expression.split(".")))

    return _HOLE.sub(value, text)


def _member(names: object, path: list[str]) -> object:
    for name in path:
        if not isinstance(names, Mapping):
            return None
        names = names.get(name)
    return names


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
