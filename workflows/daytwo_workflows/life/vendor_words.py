"""What a CI system says in words of its own about an attempt, made fit to be kept and shown: names, details, notes.

A secret may stand in any of it: the last lines of a container become the message of an Argo node, and a job may be
named by a value. So it is masked whole, and then put into a line and cut.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from daytwo_actions.backends.wire.answer import in_one_line
from daytwo_actions.logs import Cleaner
from daytwo_actions.masking import Masker
from daytwo_store import attempts
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.secret_values import UNUSABLE
from daytwo_store.tables import AttemptRow, ExternalRunRow
from daytwo_workflows.life import requests
from daytwo_workflows.life.context import Life

WITHHELD: Final = "(not kept: what is secret in it cannot be masked any more)"
_LONGEST: Final = 300  # characters of a name or a detail
_MOST_NOTES: Final = 10  # lines of a job
_LONGEST_NOTE: Final = 500
_APART: Final = "\x00"  # nothing that is kept has it, so no secret reaches over it
_ESCAPE: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")  # a colour in the middle of a secret parts it


async def words_of(life: Life, of: AttemptRow | ExternalRunRow) -> "VendorWords":
    """Raises `UnknownKey` where secrets cannot be opened now."""
    run = RunId(of.run_id)
    if isinstance(of, AttemptRow):
        attempt: AttemptRow | None = of
    else:
        async with life.store.read() as session:
            attempt = await attempts.get(session, run, StepPath(of.path), AttemptNo(of.no))
    if attempt is None:
        return VendorWords(None)
    try:
        return VendorWords(await life.masks(run, attempt.connection, requests.corr_of(attempt)))
    except UNUSABLE:
        return VendorWords(None)


def cut(text: str) -> str:
    """How a text without a secret is kept."""
    return in_one_line(_bare(text), longest=_LONGEST)


def _bare(text: str) -> str:
    return _ESCAPE.sub("", text.replace(_APART, "\ufffd"))


class VendorWords:
    """Of one attempt. `secrets` None: they are gone, and what they cannot be masked in is not kept."""

    def __init__(self, secrets: Sequence[str] | None) -> None:
        self._secrets = secrets
        self._known: dict[str, str] = {}

    def line(self, text: str) -> str:
        if text not in self._known:
            self.learn([text])
        return self._known[text]

    def learn(self, texts: Iterable[str]) -> None:
        """Mask many at once: looking for every form of every secret takes as long for one as for a thousand."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        masked: list[str] = []
        if self._secrets is not None:
            masker = Masker(self._secrets)
            bare = _APART.join(map(_bare, new))
            masked = (masker.feed(bare) + masker.end()).split(_APART)
        if len(masked) != len(new):
            masked = [WITHHELD for _ in new]
        self._known |= {text: cut(clean) for text, clean in zip(new, masked, strict=True)}

    def notes(self, notes: Sequence[str]) -> list[str]:
        """What it notes on a job, by lines."""
        if self._secrets is None:
            return []
        cleaner = Cleaner(secrets=tuple(self._secrets))
        lines = [*cleaner.feed("".join(f"{note}\n" for note in notes).encode()), *cleaner.end()]
        return [line[:_LONGEST_NOTE] for line in lines if line.strip()][:_MOST_NOTES]
