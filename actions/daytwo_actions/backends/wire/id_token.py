"""An ID token (OpenID Connect Core §3.1.3.7): is it genuine, for us, of this sign-in, and whom does it name? Pure.

Only RS256 and ES256 with a key of the issuer's own list count, and a key serves one of them alone. The header's `kid`
chooses among those keys; a header that brings a key, or an address of one, is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import extract_compact

LONGEST: Final = 16_384  # characters
SUBJECT_LENGTH: Final = 255
ALGORITHMS: Final = ("RS256", "ES256")
_LEEWAY: Final = 60  # seconds between two clocks
_OLDEST: Final = 600  # seconds since it was made: it was made for this sign-in
_MOST_KEYS: Final = 50
_SHORTEST_N, _LONGEST_N = 342, 1_366  # characters of a modulus of 2,048 to 8,192 bits
_NEVER: Final = frozenset({"crit", "b64", "jwk", "jku", "x5c", "x5u"})  # in a header

IdKey = RSAKey | ECKey
IdKeys = Mapping[str, IdKey]  # by kid


class IdTokenRefused(Exception):
    """It is no token of this provider for this sign-in. Says why, without anything of the token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What the token has to say."""

    issuer: str
    client_id: str
    nonce: str | None  # None: of a renewal, which belongs to no sign-in


def keys_of(document: object) -> IdKeys:
    """The keys of a JWKS that can have signed an ID token; others are left out."""
    listed = document.get("keys") if isinstance(document, dict) else None
    found: dict[str, IdKey] = {}
    for one in (listed if isinstance(listed, list) else [])[:_MOST_KEYS]:
        if isinstance(one, dict) and isinstance(kid := one.get("kid"), str) and one.get("use", "sig") == "sig":
            try:
                key = _key(one)
            except (JoseError, ValueError, KeyError, TypeError):
                continue
            if key is not None:
                found[kid] = key
    return found


def kid_of(token: str) -> str:
    """Which key the token says that it is signed with; nothing is verified yet. Raises `IdTokenRefused`."""
    header = _header(token)
    if header.get("alg") not in ALGORITHMS:
        raise IdTokenRefused("it is not signed with RS256 or ES256")
    if not _NEVER.isdisjoint(header):
        raise IdTokenRefused("its header brings a key of its own, or demands what is not known here")
    if not isinstance(kid := header.get("kid"), str):
        raise IdTokenRefused("it does not say which key it is signed with")
    return kid


def claims_of(token: str, keys: IdKeys, expected: Expected, *, now: float) -> Mapping[str, Any]:
    """What a genuine token says. Raises `IdTokenRefused`."""
    key = keys.get(kid_of(token))
    if key is None:
        raise IdTokenRefused("it is signed with a key that its issuer does not list")
    try:
        claims = jwt.decode(token, key, algorithms=["RS256" if isinstance(key, RSAKey) else "ES256"]).claims
        registry = jwt.JWTClaimsRegistry(
            now=int(now), leeway=_LEEWAY, iss={"essential": True}, exp={"essential": True}, iat={"essential": True}
        )
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise IdTokenRefused(f"its signature or its times are not right ({type(error).__name__})") from None
    _compare(claims, expected, now)
    return claims


def subject_of(claims: Mapping[str, Any]) -> str:
    """Who it is, within the issuer. Raises `IdTokenRefused`."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LENGTH or not subject.isascii():
        raise IdTokenRefused("it does not say who it is about (`sub`)")
    if not subject.isprintable():
        raise IdTokenRefused("it does not say who it is about (`sub`)")
    return subject


def _compare(claims: Mapping[str, Any], expected: Expected, now: float) -> None:
    audience, party = claims.get("aud"), claims.get("azp")
    if claims["iss"] != expected.issuer:
        raise IdTokenRefused("it is of another issuer")
    listed = [audience] if isinstance(audience, str) else audience
    if not isinstance(listed, list) or expected.client_id not in listed:
        raise IdTokenRefused("it was not made for us (`aud`)")
    if party != expected.client_id and ("azp" in claims or len(listed) > 1):
        raise IdTokenRefused("it was made at the wish of another program (`azp`)")
    if expected.nonce is not None and claims.get("nonce") != expected.nonce:
        raise IdTokenRefused("it is of another sign-in (`nonce`)")
    if claims["iat"] < now - _OLDEST:
        raise IdTokenRefused("it was made long before this sign-in (`iat`)")
    subject_of(claims)


def _header(token: str) -> Mapping[str, Any]:
    if len(token) > LONGEST or not token.isascii():
        raise IdTokenRefused("it is longer than any ID token, or not one at all")
    try:
        return extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise IdTokenRefused("it is no signed token (JWT)") from None


def _key(one: Mapping[str, Any]) -> IdKey | None:
    match one.get("kty"), one.get("alg"):
        case ["RSA", None | "RS256"] if _SHORTEST_N <= len(str(one["n"])) <= _LONGEST_N:
            return RSAKey.import_key({name: str(one[name]) for name in ("kty", "n", "e")})
        case ["EC", None | "ES256"] if one.get("crv") == "P-256":
            return ECKey.import_key({name: str(one[name]) for name in ("kty", "crv", "x", "y")})
    return None
