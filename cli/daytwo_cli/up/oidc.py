"""An identity provider as a part of the house: the stand-in, with the people of the example company."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from daytwo_catalog.load import read_company
from daytwo_cli.up.child import Command
from daytwo_cli.up.company import Company
from daytwo_cli.up.environment import inherited, python
from daytwo_cli.up.folder import DataFolder
from daytwo_cli.up.part import Program
from daytwo_cli.up.ports import PortBook
from daytwo_cli.up.probes import announced

NAME: Final = "OpenID stand-in"
_CLIENT: Final = "daytwo"
_PERSON: Final = "daytwo_person"  # the claim with the name of their person in the catalog
_GROUPS: Final = "groups"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedProvider:
    port: int
    secret_file: Path

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def place(folder: DataFolder, ports: PortBook) -> PlacedProvider:
    """Its port and the secret that it knows us by, the same at every start."""
    return PlacedProvider(port=ports.port("oidc"), secret_file=folder.secret("oidc-client"))


def settings(provider: PlacedProvider) -> dict[str, Any]:
    """What stands in our settings."""
    return {
        "issuer": provider.issuer,
        "client_id": _CLIENT,
        "client_secret_file": str(provider.secret_file),
        "title": "Acme",
        "person_claim": _PERSON,
        "groups_claim": _GROUPS,
    }


def config(company: Company, provider: PlacedProvider, *, page: str) -> dict[str, Any]:
    """What the stand-in is told: everybody of the catalog, with their groups."""
    client = {
        "id": _CLIENT,
        "secret": {"file": str(provider.secret_file)},
        "redirect_uris": [f"{page}/api/v1/session/oidc/callback"],
    }
    return {"people": list(_people(company)), "clients": [client]}


def _people(company: Company) -> Iterator[Mapping[str, Any]]:
    for draft in read_company(company.definitions()).drafts.values():
        if draft.kind == "person":
            groups = [ref.partition(":")[2] for ref in draft.relations.get("memberOf", ())]
            claims = {_PERSON: draft.name, _GROUPS: groups}
            yield {"subject": f"acme-{draft.name}", "name": draft.title, "claims": claims}


def program(folder: DataFolder, provider: PlacedProvider, told: Mapping[str, Any]) -> Program:
    """The process."""
    file, said = folder / "oidc.json", folder / "oidc.said"
    file.write_text(json.dumps(told, indent=1))
    return Program(
        Command(
            name=NAME,
            argv=python(
                "-m", "daytwo_standins.oidc", "--data", folder / "oidc", "--port", str(provider.port), "--config", file
            ),
            log=folder.log("oidc"),
            announcement=said,
            env=inherited(),
        ),
        ready=lambda _: announced(said),
        address=provider.issuer,
    )
