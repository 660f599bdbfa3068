"""From a request to an accepted run, and from an accepted run to the plan of its runner."""

import asyncio
import dataclasses
import hashlib
import shutil
import time
from typing import Any

from daytwo_standins.github import partial
from daytwo_standins.github.config import Config, Executor, Repository, Token
from daytwo_standins.github.engine import PlanError
from daytwo_standins.github.expressions import fill
from daytwo_standins.github.inputs import DispatchBody, accept_inputs
from daytwo_standins.github.launcher import find_act
from daytwo_standins.github.ledger import Accepted, Gated, Ledger
from daytwo_standins.github.oidc import JobTokens, may_have_tokens
from daytwo_standins.github.problems import unprocessable
from daytwo_standins.github.records import Plan, PlannedJob
from daytwo_standins.github.runs import Run, Runs
from daytwo_standins.github.workflow_file import FOLDER, Workflow, WorkflowInvalidError, parse_workflow
from daytwo_standins.shared.answers import Effects
from daytwo_standins.shared.durable_lines import monotonic
from daytwo_standins.shared.git import GitRepository, Ref
from daytwo_standins.shared.launcher import steps_path


class Workflows:
    """The workflow files of the repositories; a file at a commit never changes, so it is parsed once."""

    def __init__(self, repositories: dict[str, GitRepository]) -> None:
        self._repositories = repositories
        self._parsed: dict[tuple[str, str, str], Workflow | WorkflowInvalidError | None] = {}
        self._paths: dict[tuple[str, str], list[str]] = {}
        self._dates: dict[tuple[str, str, str], tuple[str, str]] = {}

    async def at(self, repository: str, commit: str, path: str) -> Workflow | None:
        """A workflow at a commit, or None when there is no such file.

        Raises:
            WorkflowInvalidError: the file is not a workflow.
        """
        key = (repository, commit, path)
        if key not in self._parsed:
            self._parsed[key] = await self._parse(repository, commit, path)
        found = self._parsed[key]
        if isinstance(found, WorkflowInvalidError):
            raise found
        return found

    async def paths(self, repository: str, commit: str) -> list[str]:
        """The workflow files at a commit."""
        key = (repository, commit)
        if key not in self._paths:
            entries = await self._repositories[repository].entries(commit, FOLDER)
            self._paths[key] = [e.path for e in entries if e.kind == "blob" and e.path.endswith((".yml", ".yaml"))]
        return self._paths[key]

    async def dates(self, repository: str, commit: str, path: str) -> tuple[str, str]:
        """When a workflow file was first and last changed, as seen from a commit, in RFC 3339."""
        key = (repository, commit, path)
        if key not in self._dates:
            self._dates[key] = await self._repositories[repository].changed(commit, path)
        return self._dates[key]

    async def _parse(self, repository: str, commit: str, path: str) -> Workflow | WorkflowInvalidError | None:
        content = await self._repositories[repository].read(commit, path)
        if content is None:
            return None
        try:
            return parse_workflow(path, content)
        except WorkflowInvalidError as error:
            return error


class Dispatcher:
    """Checks dispatches and plans their execution."""

    def __init__(
        self, *, config: Config, repositories: dict[str, GitRepository], ledger: Ledger, server_url: str
    ) -> None:
        self._config = config
        self._repositories = repositories
        self._ledger = ledger
        self._server_url = server_url
        self.workflows = Workflows(repositories)
        self.tokens: JobTokens | None = None  # of whoever owns us

    async def check(
        self, repository: Repository, path: str, body: DispatchBody
    ) -> tuple[Ref, Workflow, dict[str, str]]:
        """The ref, the workflow at that ref and the inputs with their defaults.

        Raises:
            ApiError: 422, nothing was started.
        """
        ref = await self._repositories[repository.full_name].find(body.ref)
        if ref is None:
            raise unprocessable(f"No ref found for: {body.ref}")
        try:
            workflow = await self.workflows.at(repository.full_name, ref.commit_sha, path)
        except WorkflowInvalidError as error:
            raise unprocessable(f"failed to parse workflow: {error}") from error
        if workflow is None or workflow.inputs is None:
            raise unprocessable("Workflow does not have 'workflow_dispatch' trigger")
        return ref, workflow, accept_inputs(workflow.inputs, body.inputs, repository.environment_names)

    def accepted(
        self,
        *,
        repository: Repository,
        ref: Ref,
        workflow: Workflow,
        inputs: dict[str, str],
        raw: bytes,
        actor: Token,
        runs: Runs,
        effects: Effects,
        executor: Executor | None,
    ) -> Accepted:
        """The record of a dispatch that is about to be accepted."""
        run_id = self._ledger.next_run_id()
        number = runs.take_number(repository.full_name, workflow.path)
        names = _names(repository, ref, workflow, inputs, actor.login, run_id, number)
        shared = workflow.concurrency
        return Accepted(
            run_id=run_id,
            run_number=number,
            repository=repository.full_name,
            workflow=workflow.path,
            workflow_name=workflow.name,
            ref=ref.full,
            head_sha=ref.commit_sha,
            inputs=inputs,
            title=fill(workflow.run_name, names).strip() or workflow.name,
            group=fill(shared.group, names) if shared else "",
            cancel_in_progress=shared is not None and fill(shared.cancel_in_progress, names) == "true",
            body_sha256=hashlib.sha256(raw).hexdigest(),
            actor=actor.login,
            executor=executor or repository.executor,
            effects=effects,
            received_at=time.time(),
            received_monotonic=monotonic(),
            gated=tuple(_gated(job, names) for job in workflow.jobs if job.environment),
        )

    async def plan(self, run: Run) -> Plan:
        """What the runner of the newest attempt needs to know."""
        accepted = run.accepted
        repository = next((r for r in self._config.repositories if r.full_name == accepted.repository), None)
        if repository is None:
            raise PlanError(f"{accepted.repository} is not in the configuration any more, so nothing was executed.")
        workflow = await self.workflows.at(accepted.repository, accepted.head_sha, accepted.workflow)
        if workflow is None:
            where = f"{repository.path} at commit {accepted.head_sha}"
            raise PlanError(
                f"{accepted.workflow} cannot be read in {where}, so nothing was executed. Is it still there?"
            )
        plan = Plan(
            run_id=run.id,
            attempt=run.latest.number,
            run_number=accepted.run_number,
            repository=accepted.repository,
            source=str(repository.path),
            head_sha=accepted.head_sha,
            ref=accepted.ref,
            workflow_name=workflow.name,
            workflow_path=workflow.path,
            actor=accepted.actor,
            event=_event(repository, run),
            variables=repository.vars,
            server_url=self._server_url,
            api_url=self._server_url,
            act=find_act(self._config.act),
            path=steps_path(),
            cancel_grace=self._config.cancel_grace,
            created_at=run.latest.created_at,
            jobs=workflow.jobs,
            token_request=await self._token_request(run),
        )
        return await self._partial(run, plan) if run.failed_only[-1] else plan

    async def _token_request(self, run: Run) -> dict[str, str]:
        """How its jobs ask for a token that says who they are, where the workflow lets them."""
        accepted = run.accepted
        content = await self._repositories[accepted.repository].read(accepted.head_sha, accepted.workflow)
        return self.tokens.request_for(run) if self.tokens is not None and may_have_tokens(content or b"") else {}

    async def _partial(self, run: Run, plan: Plan) -> Plan:
        before = run.attempts[-2]
        content = await self._repositories[plan.repository].read(plan.head_sha, plan.workflow_path)
        narrowed, text = partial.without(plan, content or b"", before)
        folder = run.attempt_folder(plan.attempt)
        folder.mkdir(parents=True, exist_ok=True)
        artifacts = run.attempt_folder(before.number) / "artifacts"
        if artifacts.is_dir():
            await asyncio.to_thread(shutil.copytree, artifacts, folder / "artifacts", dirs_exist_ok=True)
        file = folder / "workflow.yml"
        file.write_text(text, encoding="utf-8")
        return dataclasses.replace(narrowed, rewritten=str(file))


def _gated(job: PlannedJob, names: dict[str, Any]) -> Gated:
    return Gated(key=job.key, name=fill(job.name, names) or job.key, environment=fill(job.environment, names))


def _names(
    repository: Repository, ref: Ref, workflow: Workflow, inputs: dict[str, str], actor: str, run_id: int, number: int
) -> dict[str, Any]:
    github = {
        "actor": actor,
        "event": {"inputs": inputs},
        "event_name": "workflow_dispatch",
        "ref": ref.full,
        "ref_name": ref.name,
        "repository": repository.full_name,
        "repository_owner": repository.owner,
        "run_attempt": 1,
        "run_id": run_id,
        "run_number": number,
        "sha": ref.commit_sha,
        "triggering_actor": actor,
        "workflow": workflow.name,
    }
    return {"inputs": inputs, "github": github, "vars": repository.vars}


def _event(repository: Repository, run: Run) -> dict[str, Any]:
    """The event of the run, for ``github.event``."""
    accepted = run.accepted
    return {
        "inputs": accepted.inputs,
        "ref": accepted.ref,
        "workflow": accepted.workflow,
        "repository": {
            "full_name": repository.full_name,
            "name": repository.name,
            "owner": {"login": repository.owner},
            "default_branch": repository.default_branch,
            "private": True,
        },
        "sender": {"login": accepted.actor},
    }
