"""Label and field selectors as Kubernetes writes them: ``a=b,c!=d,e in (x,y),!f``."""

import re
from collections.abc import Mapping
from typing import Final

_SET: Final = re.compile(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)")
_PARTS: Final = re.compile(r",(?![^(]*\))")


class SelectorError(Exception):
    """A selector that cannot be read."""


def matches_labels(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether labels are what a selector wants.

    Raises:
        SelectorError: it cannot be read.
    """
    return all(_fits(part.strip(), labels) for part in _PARTS.split(selector) if part.strip())


def matches_fields(selector: str, fields: Mapping[str, str]) -> bool:
    """Whether fields are what a selector wants; a field that is not known fits nothing.

    Raises:
        SelectorError: it cannot be read.
    """
    return all(_fits(part.strip(), fields) for part in selector.split(",") if part.strip())


def _fits(part: str, values: Mapping[str, str]) -> bool:
    several = _SET.fullmatch(part)
    if several:
        wanted = {one.strip() for one in several[3].split(",")}
        inside = values.get(several[1]) in wanted
        return inside if several[2] == "in" else not inside
    for sign in ("!=", "==", "="):
        name, found, value = part.partition(sign)
        if found:
            same = values.get(name.strip()) == value.strip()
            return not same if sign == "!=" else same
    if re.search(r"\s", part):
        raise SelectorError(f"unable to parse requirement: {part}")
    return part[1:] not in values if part.startswith("!") else part in values
