"""Tokens by which a job says who it is, as from ACTIONS_ID_TOKEN_REQUEST_URL.

https://docs.github.com/en/actions/reference/security/oidc
"""

import hashlib
import hmac
import secrets
from pathlib import Path

import yaml

from daytwo_standins.github.config import Repository
from daytwo_standins.github.runs import Run
from daytwo_standins.github.views.repositories import repository_id
from daytwo_standins.shared.ids import stable_id
from daytwo_standins.shared.oidc import Issuer

PLACE = "/_services/token"  # where an Enterprise Server has its issuer
_SECONDS = 300


def may_have_tokens(workflow: bytes) -> bool:
    """Whether the workflow, or one of its jobs, has the permission `id-token: write`."""
    try:
        data = yaml.safe_load(workflow)
    except yaml.YAMLError:
        return False
    if not isinstance(data, dict):
        return False
    jobs = data.get("jobs")
    asked = [data, *(jobs.values() if isinstance(jobs, dict) else ())]
    return any(_writes(one.get("permissions")) for one in asked if isinstance(one, dict))


def _writes(permissions: object) -> bool:
    return permissions == "write-all" or (isinstance(permissions, dict) and permissions.get("id-token") == "write")


class JobTokens:
    """Gives jobs of runs that are under way tokens about themselves."""

    def __init__(self, folder: Path, url: str) -> None:
        self.issuer = Issuer(folder, url + PLACE, keys_at="/.well-known/jwks", seconds=_SECONDS)
        self._url = url
        self._key = _kept(folder / "job-tokens.key")

    def request_for(self, run: Run) -> dict[str, str]:
        """Variables of the newest attempt's jobs."""
        number = run.latest.number
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self._url}{PLACE}/request/{run.id}/{number}?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self._request_token(run.id, number),
        }

    def allows(self, run: Run, number: int, given: str) -> bool:
        """Whether somebody with this may have a token of this attempt: while it runs."""
        right = self._request_token(run.id, number)
        under_way = run.latest.number == number and not run.latest.ended
        return under_way and hmac.compare_digest(right.encode(), given.encode())

    def token(self, run: Run, repository: Repository, audience: str) -> str:
        """A token of the newest attempt."""
        accepted = run.accepted
        file = f"{accepted.repository}/{accepted.workflow}@{accepted.ref}"
        return self.issuer.token(
            {
                "sub": f"repo:{accepted.repository}:ref:{accepted.ref}",
                "repository": accepted.repository,
                "repository_id": str(repository_id(repository)),
                "repository_owner": repository.owner,
                "repository_owner_id": str(stable_id("user", repository.owner.lower())),
                "run_id": str(run.id),
                "run_number": str(accepted.run_number),
                "run_attempt": str(run.latest.number),
                "workflow": accepted.workflow_name,
                "workflow_ref": file,
                "job_workflow_ref": file,
                "event_name": "workflow_dispatch",
                "actor": accepted.actor,
                "ref": accepted.ref,
                "ref_type": "tag" if accepted.ref.startswith("refs/tags/") else "branch",
                "sha": accepted.head_sha,
                "runner_environment": "self-hosted",
            },
            (audience,),
        )

    def _request_token(self, run: int, number: int) -> str:
        return hmac.new(self._key, f"{run}/{number}".encode(), hashlib.sha256).hexdigest()


def _kept(path: Path) -> bytes:
    """A key that stays the same over restarts: a job that is under way asks with what it was given."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return path.read_bytes()
