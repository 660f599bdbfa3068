"""The stand-in as a whole: what all routes share."""

import hmac
from pathlib import Path

from pydantic import TypeAdapter

from daytwo_standins.gitlab.config import Config, Executor, Project, Token
from daytwo_standins.gitlab.creating import Creator
from daytwo_standins.gitlab.described import GITLAB
from daytwo_standins.gitlab.engine import Engine, Listener
from daytwo_standins.gitlab.foreman import Foreman
from daytwo_standins.gitlab.ledger import Ledger
from daytwo_standins.gitlab.listing import Lister
from daytwo_standins.gitlab.scripts import Script, ScriptEvent
from daytwo_standins.gitlab.tools import find_tools
from daytwo_standins.shared.contract import Contract
from daytwo_standins.shared.faults import FaultBook
from daytwo_standins.shared.git import Commit, GitRepository
from daytwo_standins.shared.oidc import Issuer
from daytwo_standins.shared.rate_limit import RateLimits
from daytwo_standins.shared.request_log import RequestLog

_EVENTS = TypeAdapter(list[ScriptEvent])


class Standin:
    """Configuration, projects, pipelines, faults and logs of one stand-in. ``url`` is where its API listens."""

    def __init__(self, *, config: Config, folder: Path, url: str, listener: Listener) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.folder = folder.resolve()
        self.url = url
        self.gits = {one.full_path: GitRepository(one.path) for one in config.projects}
        self.ledger = Ledger(self.folder)
        self.issuer = Issuer(self.folder, url)
        tools = find_tools(config.gitlab_ci_local)
        self.creator = Creator(
            config=config, gits=self.gits, lister=Lister(self.folder / "lists", tools, url, self.gits), url=url
        )
        foreman = Foreman(
            config=config, tools=tools, creator=self.creator, ledger=self.ledger, issuer=self.issuer, url=url
        )
        self.engine = Engine(config=config, folder=self.folder, ledger=self.ledger, foreman=foreman, listener=listener)
        self.faults = FaultBook()
        self.contract = Contract.of(GITLAB, self.folder)
        self.limits = RateLimits(config.rate_limit, seconds=60)
        self.requests = RequestLog(self.folder / "requests.jsonl")
        self._tokens = [(token.token.reveal(), token) for token in config.tokens]
        self._triggers = [
            (secret.reveal(), project.full_path) for project in config.projects for secret in project.trigger_tokens
        ]
        self._commits: dict[tuple[str, str], Commit] = {}

    def token(self, value: str) -> Token | None:
        """Whose token this is; compared without telling by time how much of it is right."""
        found = None
        for secret, token in self._tokens:
            if hmac.compare_digest(secret.encode(), value.encode()):
                found = token
        return found

    def is_trigger_token(self, project: Project, value: str) -> bool:
        """Whether this is a trigger token of the project."""
        wanted = value.encode()
        return any(
            path == project.full_path and hmac.compare_digest(secret.encode(), wanted)
            for secret, path in self._triggers
        )

    def project(self, name: str) -> Project | None:
        """A project by its id or its path, whatever its case."""
        wanted = name.lower()
        return next((p for p in self.config.projects if wanted in {str(p.number), p.full_path.lower()}), None)

    def git(self, project: Project) -> GitRepository:
        """The git repository behind a project."""
        return self.gits[project.full_path]

    async def commit(self, project: str, sha: str) -> Commit:
        """A commit, kept after the first time."""
        key = (project, sha)
        if key not in self._commits:
            self._commits[key] = await self.gits[project].commit(sha)
        return self._commits[key]

    def set_script(self, name: str, data: object) -> str | None:
        """Let a script begin for a pipeline; a refusal is returned as text.

        Raises:
            ValidationError: it is no script.
        """
        pipeline = self.engine.pipelines.get(int(name)) if name.isdigit() else None
        if pipeline is None or pipeline.accepted.executor is not Executor.SCRIPTED or pipeline.state.ended:
            return "Only a pipeline that exists, is of the executor `scripted` and has not ended can get a script."
        self.engine.set_script(pipeline, Script(events=tuple(_EVENTS.validate_python(data))))
        return None

    def close(self) -> None:
        """Give the files back."""
        self.ledger.close()
        self.requests.close()
        self.contract.close()
