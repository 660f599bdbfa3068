"""What an OpenID provider says of itself in its discovery document, as far as signing in needs it. Pure.

https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from daytwo_actions.backends.http.settings import is_loopback
from daytwo_actions.backends.wire.id_token import ALGORITHMS

SecretBy = Literal["client_secret_basic", "client_secret_post"]


class ProviderUnusable(Exception):
    """Nobody can sign in through this provider as it is set up. Says what is wrong with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    secret_by: SecretBy
    names_itself: bool  # its answers carry `iss` (RFC 9207)
    userinfo_endpoint: str | None = None


def metadata_of(document: Mapping[str, Any], *, issuer: str) -> Metadata:
    """Raises `ProviderUnusable`."""
    if document.get("issuer") != issuer:
        raise ProviderUnusable("its discovery document names another issuer; the two have to be the same to the letter")
    if "code" not in _listed(document, "response_types_supported", ["code"]):
        raise ProviderUnusable("it does not know the authorization code flow")
    if not set(ALGORITHMS) & set(_listed(document, "id_token_signing_alg_values_supported", ["RS256"])):
        raise ProviderUnusable("it signs ID tokens neither with RS256 nor with ES256")
    if "S256" not in _listed(document, "code_challenge_methods_supported", ["S256"]):
        raise ProviderUnusable("it does not know PKCE with S256")
    return Metadata(
        authorization_endpoint=_address(document, "authorization_endpoint"),
        token_endpoint=_address(document, "token_endpoint"),
        jwks_uri=_address(document, "jwks_uri"),
        secret_by=_secret_by(_listed(document, "token_endpoint_auth_methods_supported", ["client_secret_basic"])),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        userinfo_endpoint=_address(document, "userinfo_endpoint") if "userinfo_endpoint" in document else None,
    )


def _secret_by(methods: list[object]) -> SecretBy:
    if "client_secret_basic" in methods:
        return "client_secret_basic"
    if "client_secret_post" in methods:
        return "client_secret_post"
    raise ProviderUnusable("it takes a client secret neither in a header nor in a form")


def _listed(document: Mapping[str, Any], name: str, default: list[object]) -> list[object]:
    value = document.get(name, default)
    if not isinstance(value, list):
        raise ProviderUnusable(f"its {name} is not a list")
    return value


def _address(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ProviderUnusable(f"its {name} is not a web address") from None
    plain = parts.scheme == "http" and is_loopback(host)
    if not isinstance(value, str) or not host or not (parts.scheme == "https" or plain) or not value.isascii():
        raise ProviderUnusable(f"its {name} is not an https address")
    if parts.username or parts.password or parts.fragment or not value.isprintable() or " " in value:
        raise ProviderUnusable(f"its {name} has more in it than an address")
    return value
