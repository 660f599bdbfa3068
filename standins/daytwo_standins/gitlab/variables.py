"""What a pipeline and its jobs are told. https://docs.gitlab.com/ci/variables/predefined_variables/"""

import re
from typing import Any

from daytwo_standins.gitlab.config import Project
from daytwo_standins.gitlab.ledger import Accepted
from daytwo_standins.gitlab.pipelines import job_id
from daytwo_standins.gitlab.records import Job
from daytwo_standins.shared.ids import stable_id


def of_pipeline(accepted: Accepted, project: Project, url: str) -> dict[str, str]:
    """The variables of every job of a pipeline; what was given with it stands above the project's own."""
    web = f"{url}/{project.full_path}"
    return {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_API_V4_URL": f"{url}/api/v4",
        "CI_COMMIT_REF_NAME": accepted.ref,
        "CI_COMMIT_REF_SLUG": slug(accepted.ref),
        "CI_COMMIT_SHA": accepted.head_sha,
        "CI_COMMIT_SHORT_SHA": accepted.head_sha[:8],
        "CI_COMMIT_TAG" if accepted.tag else "CI_COMMIT_BRANCH": accepted.ref,
        "CI_DEFAULT_BRANCH": project.default_branch,
        "CI_PIPELINE_ID": str(accepted.run_id),
        "CI_PIPELINE_IID": str(accepted.iid),
        "CI_PIPELINE_NAME": accepted.title,
        "CI_PIPELINE_SOURCE": accepted.source,
        "CI_PIPELINE_URL": f"{web}/-/pipelines/{accepted.run_id}",
        "CI_PROJECT_ID": str(project.number),
        "CI_PROJECT_NAME": project.name,
        "CI_PROJECT_NAMESPACE": project.namespace,
        "CI_PROJECT_PATH": project.full_path,
        "CI_PROJECT_URL": web,
        "CI_SERVER_URL": url,
        "GITLAB_USER_LOGIN": accepted.actor,
        **project.variables,
        **accepted.variables,
    }


def of_job(accepted: Accepted, project: Project, job: Job, url: str) -> dict[str, str]:
    """The variables of one job, without those of its pipeline."""
    number = str(job_id(accepted.run_id, job.index))
    return {
        "CI_JOB_ID": number,
        "CI_JOB_NAME": job.name,
        "CI_JOB_STAGE": job.stage,
        "CI_JOB_URL": f"{url}/{project.full_path}/-/jobs/{number}",
        **({"CI_ENVIRONMENT_NAME": job.environment} if job.environment else {}),
        **job.variables,
    }


def claims(accepted: Accepted, project: Project, job: Job, url: str) -> dict[str, Any]:
    """What an ID token of a job says."""
    kind = "tag" if accepted.tag else "branch"
    told = {
        "namespace_id": str(stable_id("namespace", project.namespace)),
        "namespace_path": project.namespace,
        "project_id": str(project.number),
        "project_path": project.full_path,
        "user_id": str(stable_id("user", accepted.actor) % 2**31),
        "user_login": accepted.actor,
        "user_email": f"{accepted.actor}@example.com",
        "pipeline_id": str(accepted.run_id),
        "pipeline_source": accepted.source,
        "job_id": str(job_id(accepted.run_id, job.index)),
        "ref": accepted.ref,
        "ref_type": kind,
        "ref_path": f"refs/{'tags' if accepted.tag else 'heads'}/{accepted.ref}",
        "ref_protected": str(accepted.ref == project.default_branch).lower(),
        "runner_id": 1,
        "runner_environment": "self-hosted",
        "sha": accepted.head_sha,
        "project_visibility": "private",
        "ci_config_ref_uri": f"{url.partition('://')[2]}/{project.full_path}//{accepted.config_path}@{accepted.ref}",
        "ci_config_sha": accepted.head_sha,
        "sub": f"project_path:{project.full_path}:ref_type:{kind}:ref:{accepted.ref}",
    }
    if job.environment:
        protected = str(bool(project.environment(job.environment).approvals)).lower()
        told |= {"environment": job.environment, "environment_protected": protected, "environment_action": "start"}
    return told


def slug(name: str) -> str:
    """A name as it may stand in an address."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())[:63].strip("-")
