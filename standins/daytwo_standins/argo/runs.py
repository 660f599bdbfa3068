"""The workflows that exist, in memory: built from the ledger and the state files."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daytwo_standins.argo.interpreter.phases import WorkflowPhase
from daytwo_standins.argo.interpreter.workflow import State, Workflow
from daytwo_standins.argo.ledger import Accepted

POSTPONED = "Workflow processing has been postponed because too many workflows are already running"


class Run:
    """One accepted workflow and what has become of it."""

    def __init__(self, accepted: Accepted, folder: Path, version: int) -> None:
        self.accepted = accepted
        self._folder = folder
        self.attempt = 1
        self.state = State()
        self.version = version
        self.generation = 1
        self.deleted = False
        self.archived = False

    @property
    def uid(self) -> str:
        """Its id."""
        return self.accepted.uid

    @property
    def name(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.accepted.namespace, self.accepted.name

    @property
    def folder(self) -> Path:
        """Where the files of its newest attempt are."""
        return self._folder / str(self.attempt)

    @property
    def live(self) -> bool:
        """Whether it is there as an object."""
        return not self.deleted and not self.accepted.effects.deleted

    @property
    def workflow(self) -> Workflow:
        """What is to be done."""
        metadata = self.accepted.manifest["metadata"]
        return Workflow(
            name=self.accepted.name,
            namespace=self.accepted.namespace,
            uid=self.uid,
            created_at=self.accepted.received_at,
            spec=self.accepted.spec,
            stored_templates=self.accepted.stored_templates,
            labels=metadata.get("labels") or {},
            annotations=metadata.get("annotations") or {},
            folder=str(self.folder / "work"),
        )

    def log_file(self, node: str) -> Path | None:
        """The log of a node: of the newest attempt that has one."""
        for attempt in range(self.attempt, 0, -1):
            path = self._folder / str(attempt) / "logs" / f"{node}.log"
            if path.exists():
                return path
        return None

    def wait(self) -> None:
        """There is no room for it yet."""
        self.state = dataclasses.replace(self.state, phase=WorkflowPhase.PENDING, message=POSTPONED)


class Runs:
    """All workflows by id; a name is that of the newest which is there."""

    def __init__(self) -> None:
        self._by_uid: dict[str, Run] = {}
        self._by_name: dict[tuple[str, str], list[Run]] = {}
        self._coming: set[tuple[str, str]] = set()

    def __iter__(self) -> Iterator[Run]:
        return iter(list(self._by_uid.values()))

    def add(self, run: Run) -> None:
        """Take in a workflow."""
        self._by_uid[run.uid] = run
        self._by_name.setdefault(run.name, []).append(run)

    def get(self, uid: str) -> Run | None:
        """A workflow by its id, whether it is there or not."""
        return self._by_uid.get(uid)

    def live(self, namespace: str, name: str) -> Run | None:
        """The object of this name."""
        return next((run for run in reversed(self._by_name.get((namespace, name), [])) if run.live), None)

    @contextmanager
    def name_taken(self, namespace: str, name: str) -> Iterator[bool]:
        """Take a name while its workflow is being accepted; False when somebody has it."""
        key = (namespace, name)
        if key in self._coming or self.live(namespace, name) is not None:
            yield False
            return
        self._coming.add(key)
        try:
            yield True
        finally:
            self._coming.discard(key)

    def archived(self, namespace: str, name: str) -> Run | None:
        """The newest one of this name that the archive has."""
        known = reversed(self._by_name.get((namespace, name), []))
        return next((run for run in known if run.archived and not run.accepted.effects.deleted), None)
