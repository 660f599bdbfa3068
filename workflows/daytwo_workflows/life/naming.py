"""The run that a person names as what became of an attempt: what is checked about it, and what nobody can check.

All of a look-up has to fit, and the marker as well, where the pipeline shows one. A run may have lost it: somebody
changed its name, or the pipeline's, in between. Then the person may vouch for it, and that is written down.
"""

import re
from dataclasses import dataclass
from typing import Final

from daytwo_actions.backends.base import Recognised
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_store import claims
from daytwo_store.errors import FieldFault, Rejected, Unavailable
from daytwo_store.ids import Corr, ExternalRunId
from daytwo_store.tables import AttemptRow
from daytwo_workflows.life.adopting import marker_of
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finding import recognised

CHECKED: Final = "its project, pipeline, ref, account and time"
_MARKER: Final = re.compile(r"(?<![a-z0-9])[a-z2-7]{20}(?![a-z0-9])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A run that may be taken for the attempt's own. `shows`: its marker was seen."""

    id: ExternalRunId  # as the CI system has it: of Argo, people know the name alone
    shows: bool

    @property
    def words(self) -> str:
        """What was checked, for whoever reads this later."""
        if self.shows:
            return f"Its marker was checked, and {CHECKED}."
        return f"Checked were {CHECKED}. It shows no marker, so that it belongs to this attempt is what people say."


async def check(life: Life, attempt: AttemptRow, external: ExternalRunId | None, *, without_marker: bool) -> Named:
    """Raises `Rejected`, `Unavailable`; then nothing was changed."""
    if external is None:
        raise Rejected("Say which run it was: its id in the CI system. Nothing was changed.")
    marker = marker_of(attempt)
    try:
        shown = await recognised(life, attempt, external, attempt.intent_at)
    except BackendUnreachable as error:
        raise Unavailable(f"{error.detail} So it could not be checked, and nothing was changed. Try again.") from error
    except BackendDenied as error:
        raise Rejected(f"{error.detail} Nothing was changed.") from error
    if shown is None:
        raise Rejected(f"{attempt.connection} has no run {external} there. Nothing was changed. Look at its address.")
    others = [] if shown.marked else await _of_others(life, attempt, shown)
    if misfits := [*shown.misfits, *others]:
        raise Rejected(
            f"Run {external} was not started by this attempt: {', '.join(misfits)}. Nothing was changed. "
            f"Look for the marker {attempt.corr} in the names of the runs."
        )
    if marker.pinned.marked and not shown.marked and not without_marker:
        raise _not_shown(attempt, external)
    return Named(id=shown.state.id, shows=shown.marked)


async def _of_others(life: Life, attempt: AttemptRow, shown: Recognised) -> list[str]:
    """A run that shows the marker of another attempt is that one's, whatever anybody says."""
    async with life.store.read() as session:
        for word in dict.fromkeys(_MARKER.findall(shown.title)):
            other = await claims.by_marker(session, Corr(word))
            if other is not None and other.corr != attempt.corr:
                return ["it carries the marker of another attempt"]
    return []


def _not_shown(attempt: AttemptRow, external: ExternalRunId) -> Rejected:
    vouching = "Open it in the CI system and look at its inputs: daytwo_run has to be this attempt's marker."
    return Rejected(
        f"Run {external} fits in {CHECKED.removeprefix('its ')}, but it does not carry its marker ({attempt.corr}) in "
        f"its name, so it could not be proven that this attempt started it. Nothing was changed. {vouching} If you "
        "are sure, say the same again and that you vouch for it without the marker.",
        errors=[FieldFault("/without_marker", vouching)],
    )
