"""Artifacts of a run: the list, and the one that carries a run's results.

https://docs.github.com/en/rest/actions/artifacts
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from daytwo_actions.backends.tree import Artifact

RESULT: Final = "daytwo-result"  # the artifact with a run's results, as the file `result.json`


class _Vendor(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class VendorArtifact(_Vendor):
    """What we read of GitHub's schema `artifact`."""

    id: int = Field(gt=0)
    name: str
    size_in_bytes: int = Field(ge=0)
    expired: bool
    created_at: AwareDatetime | None = Field(default=None, strict=False)
    expires_at: AwareDatetime | None = Field(default=None, strict=False)


class ArtifactsPage(_Vendor):
    total_count: int
    artifacts: tuple[VendorArtifact, ...] = Field(strict=False)


def artifact_of(vendor: VendorArtifact, run_page: str) -> Artifact:
    return Artifact(
        name=vendor.name,
        size=vendor.size_in_bytes,
        url=f"{run_page}/artifacts/{vendor.id}",
        expires_at=vendor.expires_at,
        expired=vendor.expired,
    )


def newest_result(found: Iterable[VendorArtifact], *, before: datetime | None) -> VendorArtifact | None:
    """The results of our attempt. `before` is when somebody ran it again in GitHub, None when nobody did."""
    ours = [
        one
        for one in found
        if one.name == RESULT and (before is None or (one.created_at is not None and one.created_at < before))
    ]
    return max(ours, key=lambda one: (one.created_at.timestamp() if one.created_at else 0.0, one.id), default=None)


def web_address(base: str) -> str:
    """Where people see what is at an API's base address: "https://github.com" for "https://api.github.com"."""
    parts = urlsplit(base)
    host = parts.netloc.removeprefix("api.") if parts.path in {"", "/"} else parts.netloc
    return f"{parts.scheme}://{host}{parts.path.removesuffix('/').removesuffix('/api/v3')}"
