"""What GitLab's stand-in is told, and what our connection to it is: the same repositories as projects."""

from typing import Any

from daytwo_cli.up.company import OWNER, Company
from daytwo_cli.up.standin import BOT, StandIn
from daytwo_standins.gitlab.tools import find_tools


def missing() -> str:
    """What its jobs need and is not on this machine; empty when all is there."""
    return find_tools(None).missing


def config(company: Company, gitlab: StandIn, webhook: str | None, *, daytwo: str) -> dict[str, Any]:
    """`daytwo` is the address at which pipelines ask whether they may work."""
    projects = [
        {
            "full_path": f"{OWNER}/{service}",
            "path": str(company.repository(service)),
            "variables": company.variables(service) | {"DAYTWO": daytwo},
            "environments": [
                {"name": environment, "url": f"{company.application(service, environment)}/"}
                for environment in sorted(company.machines.environments)
            ],
        }
        for service in company.services
    ]
    targets = [{"url": webhook, "secret": {"file": str(gitlab.webhook_secret_file)}}] if webhook else []
    return {
        "tokens": [{"login": BOT, "bot": True, "token": {"file": str(gitlab.token_file)}}],
        "projects": projects,
        "webhooks": targets,
    }


def connection(gitlab: StandIn) -> dict[str, Any]:
    """What stands in our settings."""
    return {
        "backend": "gitlab",
        "address": gitlab.address,
        "token_file": str(gitlab.token_file),
        "webhook_secret_files": [str(gitlab.webhook_secret_file)],
    }
