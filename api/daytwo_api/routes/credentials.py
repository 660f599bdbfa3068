"""Credentials of connections. They go in, and do not come out again."""

from typing import Annotated

from fastapi import APIRouter, Path, status

from daytwo_actions.roles import Permission
from daytwo_api.asker import SecretManager, needs
from daytwo_api.deps import ServicesDep
from daytwo_api.views.common import Page
from daytwo_api.views.credentials import CredentialRequest, CredentialView

router = APIRouter(prefix="/credentials", tags=["control"])
Name = Annotated[str, Path(max_length=200, description="of the connection")]


@router.get(
    "",
    summary="Where the credential of each connection comes from",
    operation_id="listCredentials",
    dependencies=[needs(Permission.SECRETS_READ)],
)
async def list_credentials(services: ServicesDep) -> Page[CredentialView]:
    return await services.credentials.list()


@router.put(
    "/{name}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Set the credential of a connection; it is used from the next request on",
    operation_id="setCredential",
)
async def set_credential(name: Name, asked: CredentialRequest, by: SecretManager, services: ServicesDep) -> None:
    await services.credentials.set(by, name, asked)


@router.delete(
    "/{name}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Take the credential of a connection away",
    operation_id="deleteCredential",
)
async def delete_credential(name: Name, by: SecretManager, services: ServicesDep) -> None:
    await services.credentials.delete(by, name)
