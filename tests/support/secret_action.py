"""An action that takes secrets, loaded beside the example company."""

from pathlib import Path
from typing import Any

from company import SHOP, Company
from more_actions import load_beside

from daytwo_store.ids import RunId
from daytwo_workflows.life.asking import Wish, start


def set_password(**spec: Any) -> dict[str, Any]:
    """Its pipeline collects `password`, and `note` if there is one."""
    return {
        "apiVersion": "daytwo/v1",
        "kind": "Action",
        "metadata": {"name": "set-password", "title": "Set a password"},
        "spec": {
            "operation": "day-2",
            "target": {"kind": "service"},
            "form": {
                "pages": [
                    {
                        "title": "What",
                        "required": ["account", "password"],
                        "properties": {
                            "account": {"type": "string"},
                            "password": {"type": "string", "secret": True},
                            "note": {"type": "string", "secret": True},
                        },
                    }
                ]
            },
            "allow": {"run": ["owner"]},
            "steps": [
                {
                    "id": "ship",
                    "uses": "github",
                    "with": {
                        "project": "${{ entity.properties.repository }}",
                        "pipeline": "set-password.yml",
                        "ref": "main",
                        "inputs": {"account": "${{ inputs.account }}"},
                    },
                    "secrets": ["password", "note"],
                }
            ],
            **spec,
        },
    }


async def load_set_password(company: Company, folder: Path, **spec: Any) -> None:
    await load_beside(company, folder, set_password(**spec))


async def ask_for_password(company: Company, password: str, *, by: str = "ana", **more: str) -> RunId:
    wish = Wish(
        action="set-password",
        requester=await company.person(by),
        token=None,
        entity=SHOP,
        inputs={"account": "shop", "password": password, **more},
        version=None,
    )
    return RunId((await start(company.life, wish, f"password-{next(company.numbers)}")).run.id)
