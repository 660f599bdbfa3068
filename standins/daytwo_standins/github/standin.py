"""The stand-in as a whole: what all routes share."""

import hmac
from pathlib import Path

from pydantic import TypeAdapter

from daytwo_standins.github.apps import Apps
from daytwo_standins.github.artifacts import artifact_folders, artifact_id
from daytwo_standins.github.asleep import Asleep
from daytwo_standins.github.config import Config, Executor, Repository, Token
from daytwo_standins.github.described import GITHUB
from daytwo_standins.github.dispatching import Dispatcher
from daytwo_standins.github.engine import Engine, Listener
from daytwo_standins.github.launcher import attempts_launcher
from daytwo_standins.github.ledger import Ledger
from daytwo_standins.github.log_links import LogLinks
from daytwo_standins.github.oidc import JobTokens
from daytwo_standins.github.reviews import Reviews
from daytwo_standins.github.runs import Run
from daytwo_standins.github.scripts import Script, ScriptEvent
from daytwo_standins.shared.contract import Contract
from daytwo_standins.shared.faults import FaultBook, LogFault
from daytwo_standins.shared.git import Commit, GitRepository
from daytwo_standins.shared.rate_limit import RateLimits
from daytwo_standins.shared.request_log import RequestLog

_EVENTS = TypeAdapter(list[ScriptEvent])


class Standin:
    """Configuration, repositories, runs, faults and logs of one stand-in. ``url`` is where its API listens."""

    def __init__(self, *, config: Config, folder: Path, url: str, blob_port: int, listener: Listener) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.folder = folder.resolve()
        self.url = url
        self.gits = {r.full_name: GitRepository(r.path) for r in config.repositories}
        self.ledger = Ledger(self.folder)
        self.dispatcher = Dispatcher(config=config, repositories=self.gits, ledger=self.ledger, server_url=url)
        self.reviews = Reviews(config, self.folder)
        self.tokens = JobTokens(self.folder, url)
        self.dispatcher.tokens = self.tokens
        self.engine = Engine(
            folder=self.folder,
            runners=config.runners,
            ledger=self.ledger,
            launcher=attempts_launcher(),
            reviews=self.reviews,
            planner=self.dispatcher.plan,
            listener=listener,
        )
        self.faults = FaultBook()
        self.contract = Contract.of(GITHUB, self.folder)
        self.limits = RateLimits(config.rate_limit, seconds=config.rate_limit_seconds)
        self.apps = Apps(config)
        self.asleep = Asleep(self.folder)
        self.requests = RequestLog(self.folder / "requests.jsonl")
        self.odd_logs: dict[int, LogFault | None] = {}  # what is behind the next link to a job's log
        self.odd_archives: dict[int, str] = {}  # … and to an artifact
        self.log_links = LogLinks(port=blob_port, seconds=config.link_seconds)
        self._tokens = [(token.token.reveal(), token) for token in config.tokens]
        self._commits: dict[tuple[str, str], Commit] = {}

    def token(self, value: str) -> Token | None:
        """Whose token this is; compared without telling by time how much of it is right."""
        found = None
        for secret, token in self._tokens:
            if hmac.compare_digest(secret.encode(), value.encode()):
                found = token
        return found or self.apps.token(value)

    def repository(self, full_name: str) -> Repository | None:
        """A repository by its name, whatever its case."""
        wanted = full_name.lower()
        return next((r for r in self.config.repositories if r.full_name.lower() == wanted), None)

    def git(self, repository: Repository) -> GitRepository:
        """The git repository behind a repository."""
        return self.gits[repository.full_name]

    async def commit(self, full_name: str, sha: str) -> Commit:
        """A commit, kept after the first time."""
        key = (full_name, sha)
        if key not in self._commits:
            self._commits[key] = await self.gits[full_name].commit(sha)
        return self._commits[key]

    def artifact(self, number: int) -> tuple[Run, Path] | None:
        """An artifact by its id: its run and the folder with its files."""
        for run in self.engine.runs:
            for folder in artifact_folders(run):
                if artifact_id(run, folder) == number:
                    return run, folder
        return None

    def set_script(self, name: str, data: object) -> str | None:
        """Let a script begin for a run; a refusal is returned as text.

        Raises:
            ValidationError: it is no script.
        """
        run = self.engine.runs.get(int(name)) if name.isdigit() else None
        if run is None or run.accepted.executor is not Executor.SCRIPTED or run.latest.ended:
            return "Only a run that exists, is of the executor `scripted` and has not ended can get a script."
        self.engine.set_script(run, Script(events=tuple(_EVENTS.validate_python(data))))
        return None

    def close(self) -> None:
        """Give the files back."""
        self.ledger.close()
        self.reviews.close()
        self.requests.close()
        self.contract.close()
