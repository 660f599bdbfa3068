"""What GitHub's stand-in is told, and what our connection to it is: the company's repositories, one token, webhooks."""

from typing import Any

from daytwo_cli.up.company import OWNER, Company
from daytwo_cli.up.standin import BOT, StandIn


def config(company: Company, github: StandIn, webhook: str | None, *, daytwo: str) -> dict[str, Any]:
    """`webhook` is where events are sent to; None: nowhere. `daytwo` is where workflows ask whether they may work."""
    repositories = [
        {
            "full_name": f"{OWNER}/{service}",
            "path": str(company.repository(service)),
            "vars": company.variables(service) | {"DAYTWO": daytwo},
            "environments": sorted(company.machines.environments),
        }
        for service in company.services
    ]
    targets = [{"url": webhook, "secret": {"file": str(github.webhook_secret_file)}}] if webhook else []
    return {
        "accounts": [{"login": OWNER}],
        "tokens": [{"login": BOT, "type": "Bot", "token": {"file": str(github.token_file)}}],
        "repositories": repositories,
        "webhooks": targets,
    }


def connection(github: StandIn) -> dict[str, Any]:
    """What stands in our settings."""
    return {
        "backend": "github",
        "address": github.address,
        "token_file": str(github.token_file),
        "webhook_secret_files": [str(github.webhook_secret_file)],
    }
