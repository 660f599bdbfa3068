"""A token that a CI system made for one of its jobs (OpenID Connect): is it genuine, and who does it name? Pure.

Only RS256 with a key of the issuer's own list counts. The header's `kid` chooses among those keys and does nothing
else; addresses of keys in a header are not read. `sub` is never compared: its form is the vendor's to change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import extract_compact

from daytwo_store.ids import ExternalRunId

LONGEST: Final = 8_192  # characters; GitHub's have about 1,500
_LEEWAY: Final = 60  # seconds between two clocks
_MOST_KEYS: Final = 50
_SHORTEST_N, _LONGEST_N = 342, 1_366  # characters of a modulus of 2,048 to 8,192 bits

Keys = Mapping[str, RSAKey]  # by kid


class TokenRefused(Exception):
    """It is not a token of this issuer for us, now. Says why, without anything of the token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """A job of a CI system, as its verified token names it."""

    project_id: str
    run: ExternalRunId
    attempt: int  # counts re-runs made in the CI system; 1 is ours
    execution: str  # what can claim: one start of the run, which all its jobs share
    start: str  # which start of a job it is; empty where running a job again makes another execution
    pipeline: str | None  # file name of the pipeline that runs; None where the vendor does not say
    ref: str | None  # branch or tag
    commit: str | None


def keys_of(document: object) -> Keys:
    """The keys of a JWKS that can have signed a token for us; others are left out."""
    listed = document.get("keys") if isinstance(document, dict) else None
    found: dict[str, RSAKey] = {}
    for one in (listed if isinstance(listed, list) else [])[:_MOST_KEYS]:
        if not isinstance(one, dict) or not isinstance(kid := one.get("kid"), str):
            continue
        if one.get("kty") != "RSA" or one.get("use", "sig") != "sig" or one.get("alg", "RS256") != "RS256":
            continue
        try:
            if _SHORTEST_N <= len(str(one["n"])) <= _LONGEST_N:
                found[kid] = RSAKey.import_key({name: str(one[name]) for name in ("kty", "n", "e")})
        except (JoseError, ValueError, KeyError, TypeError):
            continue
    return found


def kid_of(token: str) -> str:
    """Which key the token says that it is signed with; nothing is verified yet. Raises `TokenRefused`."""
    if len(token) > LONGEST or not token.isascii():
        raise TokenRefused("it is longer than any token of a CI system, or not one at all")
    try:
        header = extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise TokenRefused("it is no signed token (JWT)") from None
    if header.get("alg") != "RS256" or "crit" in header or "b64" in header:
        raise TokenRefused("it is not signed with RS256")
    if not isinstance(kid := header.get("kid"), str):
        raise TokenRefused("it does not say which key it is signed with")
    return kid


def claims_of(token: str, keys: Keys, *, issuer: str, audience: str, now: float) -> Mapping[str, Any]:
    """What a genuine token says. Raises `TokenRefused`."""
    key = keys.get(kid_of(token))
    if key is None:
        raise TokenRefused("it is signed with a key that its issuer does not list")
    try:
        claims = jwt.decode(token, key, algorithms=["RS256"]).claims
        registry = jwt.JWTClaimsRegistry(
            now=int(now), leeway=_LEEWAY, iss={"essential": True}, exp={"essential": True}, iat={"essential": True}
        )
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise TokenRefused(f"its signature or its times are not right ({type(error).__name__})") from None
    if claims["iss"] != issuer:
        raise TokenRefused("it is of another issuer")
    if claims.get("aud") not in (audience, [audience]):
        raise TokenRefused(f"it was not made for us: its audience has to be {audience}")
    return claims


def number(claims: Mapping[str, Any], name: str) -> str:
    """An id of the vendor's: digits, as text or as a number. Raises `TokenRefused`."""
    value = claims.get(name)
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdecimal() and len(text) <= 20):
        raise TokenRefused(f"its claim {name} is not an id")
    return text


def words(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None
