"""Headers by which other systems prove what they deliver, given twice: nobody can say which of them holds.

What stands between a sender and us may look at one of the two and hand both on.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers

_PROVING: Final = re.compile(r"x-(?:hub|github|gitlab)-.+|webhook-.+|authorization|idempotency-key")


def told_once(headers: Headers, refusal: Callable[[str], Exception]) -> dict[str, str]:
    """All headers. Raises what `refusal` makes of the name of such a header that is there more than once."""
    for name, times in Counter(headers.keys()).items():
        if times > 1 and _PROVING.fullmatch(name):
            raise refusal(name)
    return dict(headers)
