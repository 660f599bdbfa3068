"""The marker of an attempt."""

import base64
import hashlib
import hmac
import itertools
import re

import pytest

from daytwo_actions.marker import corr
from daytwo_store.ids import AttemptNo, RunId, StepPath

KEY = b"k" * 32


def of(run: str, step: str, attempt: int, key: bytes = KEY) -> str:
    return corr(key, RunId(run), StepPath(step), AttemptNo(attempt))


def test_it_is_the_hmac_of_the_three_in_base_32() -> None:
    digest = hmac.new(KEY, b"3:r_1,4:ship,1:1,", hashlib.sha256).digest()
    assert of("r_1", "ship", 1) == base64.b32encode(digest)[:20].decode().lower()
    assert re.fullmatch(r"[a-z2-7]{20}", of("r_1", "ship", 1))


def test_it_depends_on_everything_and_on_nothing_else() -> None:
    assert of("r_1", "ship", 1) == of("r_1", "ship", 1)
    triples = [*itertools.product(["r_1", "r_11", "r"], ["ship", "1ship", "_1ship", ""], [1, 2, 11])]
    assert len({of(*triple) for triple in triples}) == len(triples)
    assert of("r_1", "ship", 1, b"x" * 32) != of("r_1", "ship", 1)


def test_a_key_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        of("r_1", "ship", 1, b"short")
