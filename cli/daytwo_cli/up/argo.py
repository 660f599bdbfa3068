"""What Argo's stand-in is told, and what our connection to it is: a namespace per service, with the same templates."""

from typing import Any

from daytwo_cli.up.company import Company
from daytwo_cli.up.standin import BOT, StandIn


def config(company: Company, argo: StandIn, *, daytwo: str) -> dict[str, Any]:
    """`daytwo` is the address at which workflows ask whether they may work."""
    templates = company.examples / "backends" / "argo" / "templates"
    return {
        "tokens": [{"login": BOT, "token": {"file": str(argo.token_file)}}],
        "namespaces": [
            {
                "name": service,
                "templates": str(templates),
                "config_maps": {
                    "places": {
                        **company.variables(service),
                        "SERVICE": service,
                        "REPOSITORY": str(company.repository(service)),
                    },
                    "daytwo": {"address": daytwo},
                },
            }
            for service in company.services
        ],
    }


def connection(argo: StandIn) -> dict[str, Any]:
    """What stands in our settings."""
    return {
        "backend": "argo",
        "address": argo.address,
        "token_file": str(argo.token_file),
        "run_tokens": True,  # Argo makes no tokens for its steps, and the templates ask us first
    }
