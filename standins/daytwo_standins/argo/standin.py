"""The stand-in as a whole: what all routes share."""

import hmac
from pathlib import Path

from pydantic import TypeAdapter

from daytwo_standins.argo.config import Config, Executor, NamespaceSettings, Token
from daytwo_standins.argo.described import ARGO
from daytwo_standins.argo.engine import Engine
from daytwo_standins.argo.launching import Planner, runners
from daytwo_standins.argo.ledger import Ledger
from daytwo_standins.argo.runs import Run
from daytwo_standins.argo.scripts import Script, ScriptEvent
from daytwo_standins.argo.templates import Templates
from daytwo_standins.shared.contract import Contract
from daytwo_standins.shared.faults import FaultBook
from daytwo_standins.shared.rate_limit import RateLimits
from daytwo_standins.shared.request_log import RequestLog

_EVENTS = TypeAdapter(list[ScriptEvent])


class Standin:
    """Configuration, templates, workflows, faults and logs of one stand-in."""

    def __init__(self, *, config: Config, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.folder = folder.resolve()
        self.namespaces = {one.name: one for one in config.namespaces}
        self.templates = Templates(config)
        self.ledger = Ledger(self.folder)
        self.engine = Engine(
            folder=self.folder,
            runners=config.runners,
            ledger=self.ledger,
            launcher=runners(),
            planner=Planner(config),
            archives=lambda name: (settings := self.settings(name)) is not None and settings.archive,
        )
        self.faults = FaultBook(cannot={"zip": "Argo has no archives of artifacts that anybody reads"})
        self.contract = Contract.of(ARGO, self.folder)
        self.limits = RateLimits(config.rate_limit, seconds=1)
        self.requests = RequestLog(self.folder / "requests.jsonl")
        self._tokens = [(token.token.reveal(), token) for token in config.tokens]
        self.templates.check()

    def token(self, value: str) -> Token | None:
        """Whose token this is; compared without telling by time how much of it is right."""
        found = None
        for secret, token in self._tokens:
            if hmac.compare_digest(secret.encode(), value.encode()):
                found = token
        return found

    def settings(self, namespace: str) -> NamespaceSettings | None:
        """What is said about a namespace."""
        return self.namespaces.get(namespace)

    def set_script(self, name: str, data: object) -> str | None:
        """Let a script begin for a workflow, named by its id; a refusal is returned as text.

        Raises:
            ValidationError: it is no script.
        """
        run: Run | None = self.engine.runs.get(name)
        if run is None or run.accepted.executor is not Executor.SCRIPTED or run.state.ended:
            return "Only a workflow that exists, is of the executor `scripted` and has not ended can get a script."
        self.engine.set_script(run, Script(events=tuple(_EVENTS.validate_python(data))))
        return None

    def close(self) -> None:
        """Give the files back."""
        self.ledger.close()
        self.requests.close()
        self.contract.close()
