"""What a run left behind in GitHub: its artifacts, and the one that holds its results."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.failures import OutputsUnusable
from daytwo_actions.backends.github import stored
from daytwo_actions.backends.github.following import Following
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.github.wire import names
from daytwo_actions.backends.github.wire.artifacts import (
    RESULT,
    ArtifactsPage,
    VendorArtifact,
    artifact_of,
    newest_result,
    web_address,
)
from daytwo_actions.backends.github.wire.outcome import GITHUB
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.recent import Recent
from daytwo_actions.backends.tree import Artifact
from daytwo_actions.backends.wire.answer import Answer, next_page
from daytwo_actions.backends.wire.result_file import LARGEST_ARCHIVE, BadResult, result_in

_MOST_PAGES: Final = 5  # of a hundred artifacts each
_GONE: Final = 410
_JUST: Final = 10.0  # seconds; results and files are asked for one after the other
_KEPT: Final = 64


class Results:
    def __init__(self, settings: GitHubSettings, reading: Reading, following: Following) -> None:
        self._settings = settings
        self._reading = reading
        self._following = following
        self._just_listed: Recent[tuple[float, Sequence[VendorArtifact]]] = Recent(_KEPT)  # with when
        self._wanted = stored.Wanted(
            what="artifact", limit=LARGEST_ARCHIVE, seconds=settings.total_timeout.total_seconds()
        )

    async def artifacts(self, project: str, run: str) -> Sequence[Artifact]:
        """Raises `ExternalGone` and what a read raises."""
        page = f"{web_address(self._settings.base)}/{project}/actions/runs/{run}"
        at, listed = self._just_listed.get((project, run)) or (0.0, ())
        if time.monotonic() - at > _JUST:
            listed = await self._listed(project, run)
        return [artifact_of(one, page) for one in listed]

    async def outputs(self, project: str, run: str) -> Mapping[str, JsonValue] | None:
        """The object in `result.json` of the artifact `daytwo-result`; None when there is no such artifact.

        Raises `OutputsUnusable`, `ExternalGone` and what a read raises.
        """
        listed = await self._listed(project, run)
        self._just_listed.put((project, run), (time.monotonic(), listed))
        if len(listed) >= _MOST_PAGES * 100:  # there may be more than were listed
            listed = await self._listed(project, run, RESULT)
        if not any(one.name == RESULT for one in listed):
            return None
        again = await self._following.run_again_at(project, run)
        chosen = newest_result(listed, before=again)
        if chosen is None:
            return None
        what = f"The artifact {RESULT} of run {run} of {project}"
        if chosen.expired:
            raise OutputsUnusable(f"{what} has expired. No results were taken from it.")
        if chosen.size_in_bytes > LARGEST_ARCHIVE:
            raise OutputsUnusable(
                f"{what} has {chosen.size_in_bytes} bytes, and {LARGEST_ARCHIVE} are taken. It was not fetched."
            )
        archive = await self._fetched(project, chosen, what)
        try:
            return await asyncio.to_thread(result_in, archive)
        except BadResult as bad:
            raise OutputsUnusable(f"{what} cannot be used: {bad}. Nothing was taken from it.") from None

    async def _listed(self, project: str, run: str, name: str = "") -> Sequence[VendorArtifact]:
        def parse(answer: Answer) -> tuple[tuple[VendorArtifact, ...], bool]:
            return ArtifactsPage.model_validate_json(answer.body).artifacts, next_page(answer) is not None

        found: list[VendorArtifact] = []
        for page in range(1, _MOST_PAGES + 1):
            parameters = {"per_page": "100", "page": str(page)} | ({"name": name} if name else {})
            what = f"the artifacts of run {run} of {project}"
            path = f"{names.run(project, run)}/artifacts"
            listed = await self._reading.find("run.artifacts", what, path, parse, parameters)
            if listed is None:
                raise await self._following.gone(project, run)
            found.extend(listed[0])
            if not listed[1]:
                break
        return found

    async def _fetched(self, project: str, artifact: VendorArtifact, what: str) -> bytes:
        path = f"{names.repository(project)}/actions/artifacts/{artifact.id}/zip"
        result = await self._reading.ask("artifact.link", path)
        if isinstance(result, Answer) and result.status in {404, _GONE}:
            raise OutputsUnusable(f"{what} has expired or was deleted. No results were taken from it.")
        if not isinstance(result, Answer) or result.status != 302:
            raise GITHUB.failure(result, f"the artifact {RESULT} of {project}")
        link = stored.check_link(result.headers.get("location", ""), self._settings, "artifact")
        try:
            return await stored.whole(link, self._settings, self._wanted)
        except stored.TooLong:
            raise OutputsUnusable(f"{what} has more than {LARGEST_ARCHIVE} bytes. Nothing was taken from it.") from None
        except stored.NotStored:
            raise OutputsUnusable(f"{what} has expired or was deleted. No results were taken from it.") from None
