"""Whether a regular expression lets nothing through but a word that no program reads as more than a word. Pure.

Only the common part of the language is understood; whatever is not counts as unbounded.
"""

import re
from typing import Final

HARMLESS: Final = r"A-Za-z0-9_.,:/@+=-"  # of a character class
_WHOLE: Final = re.compile(r"(?:\^|\\A)(?P<body>.*)(?:\$|\\z)", re.DOTALL)
_ESCAPED: Final = r"\\[dw.,:/@+=_-]"
_RANGE: Final = r"(?:[0-9]-[0-9]|[a-z]-[a-z]|[A-Z]-[A-Z])"
_TOKEN: Final = re.compile(
    rf"(?P<open>\((?:\?:|(?!\?)))|(?P<close>\))|(?P<or>\|)"
    rf"|(?P<atom>[A-Za-z0-9_,:/@=-]|{_ESCAPED}|\[(?:{_RANGE}|{_ESCAPED}|[A-Za-z0-9_.,:/@+=](?!-[^\]])|-(?=\]))+\])"
    rf"|(?P<times>[*+?]|\{{[0-9]+(?:,[0-9]*)?\}})"
)


def is_bounded(pattern: str) -> bool:
    """Anchored at both ends, and made of nothing but harmless signs, whatever is repeated or chosen."""
    whole = _WHOLE.fullmatch(pattern)
    if whole is None:
        return False
    body, at, depth = whole["body"], 0, 0
    while at < len(body):
        token = _TOKEN.match(body, at)
        if token is None:
            return False
        depth += (token.lastgroup == "open") - (token.lastgroup == "close")
        if depth < 0 or (depth == 0 and token.lastgroup == "or"):  # an anchor would hold for one side only
            return False
        at = token.end()
    return depth == 0
