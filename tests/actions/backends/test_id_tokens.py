"""ID tokens (S35): a listed key, RS256 or ES256, this issuer, our client, this sign-in and this moment count."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from daytwo_actions.backends.wire.id_token import Expected, IdTokenRefused, claims_of, keys_of, subject_of
from daytwo_actions.backends.wire.provider import ProviderUnusable, metadata_of

ISSUER = "https://id.example"
EXPECTED = Expected(issuer=ISSUER, client_id="daytwo", nonce="n-1")
RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa"})
EC = ECKey.generate_key("P-256", parameters={"kid": "ec"})
LISTED = {
    "keys": [
        {**RSA.as_dict(private=False), "kid": "rsa", "use": "sig", "alg": "RS256"},
        {**EC.as_dict(private=False), "kid": "ec", "use": "sig"},
    ]
}


def token(header: dict[str, Any] | None = None, *, key: Any = RSA, **claims: Any) -> str:
    now = int(time.time())
    told = {"iss": ISSUER, "aud": "daytwo", "sub": "u-1", "iat": now, "exp": now + 300, "nonce": "n-1"}
    given = {name: value for name, value in {**told, **claims}.items() if value is not None}
    usual = {"alg": "RS256", "kid": "rsa"} if key is RSA else {"alg": "ES256", "kid": "ec"}
    return jwt.encode({**usual, **(header or {})}, given, key, algorithms=["RS256", "ES256"])


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def hand_made(header: dict[str, Any], *, sign: bool = True, **claims: Any) -> str:
    """With a header that no library makes, and a genuine signature under the listed key."""
    claim = token(**claims).split(".")[1]
    signed = f"{part({'alg': 'RS256', 'kid': 'rsa', **header})}.{claim}"
    if not sign:
        return f"{signed}."
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    signature = RSA.private_key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def by_public_key() -> str:
    signed = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{token().split('.')[1]}"
    digest = hmac.digest(RSA.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def tampered() -> str:
    header, _, signature = token().split(".")
    return f"{header}.{token(sub='u-2').split('.')[1]}.{signature}"


STRANGER = RSAKey.generate_key(2048)


def of_a_stranger(**header: Any) -> str:
    claim = token().split(".")[1]
    signed = f"{part({'alg': 'RS256', 'kid': 'rsa', **header})}.{claim}"
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    signature = STRANGER.private_key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


NOW = time.time
FORGED: dict[str, Callable[[], str]] = {
    "alg none": lambda: hand_made({"alg": "none"}, sign=False),
    "alg None": lambda: hand_made({"alg": "None"}, sign=False),
    "no signature": lambda: hand_made({}, sign=False),
    "alg in a list": lambda: hand_made({"alg": ["RS256"]}),
    "the public key as a secret": by_public_key,
    "RS256 told as ES256": lambda: hand_made({"alg": "ES256"}),
    "RS256 under the other kind's kid": lambda: hand_made({"kid": "ec"}),
    "ES256 under the other kind's kid": lambda: token({"kid": "rsa"}, key=EC),
    "PS256": lambda: hand_made({"alg": "PS256"}),
    "tampered": tampered,
    "a stranger's key": of_a_stranger,
    "jwk": lambda: of_a_stranger(jwk=STRANGER.as_dict(private=False)),
    "jwk with a genuine signature": lambda: hand_made({"jwk": RSA.as_dict(private=False)}),
    "jku": lambda: hand_made({"jku": "https://evil.example/keys"}),
    "x5u": lambda: hand_made({"x5u": "https://evil.example/cert"}),
    "x5c": lambda: hand_made({"x5c": ["MIIB"]}),
    "crit": lambda: hand_made({"crit": ["exp"]}),
    "b64": lambda: hand_made({"b64": False}),
    "kid with a path": lambda: hand_made({"kid": "../../etc/passwd"}),
    "kid with SQL": lambda: hand_made({"kid": "rsa' or '1'='1"}),
    "no kid": lambda: hand_made({"kid": None}),
    "aud of another": lambda: token(aud="other"),
    "no aud": lambda: token(aud=None),
    "aud with a prefix": lambda: token(aud="daytwo-staging"),
    "several aud without azp": lambda: token(aud=["daytwo", "other"]),
    "azp of another": lambda: token(azp="other"),
    "several aud with azp of another": lambda: token(aud=["daytwo", "other"], azp="other"),
    "aud of numbers": lambda: token(aud=[1]),
    "iss with a suffix": lambda: token(iss=f"{ISSUER}.evil.example"),
    "iss with a slash": lambda: token(iss=f"{ISSUER}/"),
    "no iss": lambda: token(iss=None),
    "expired": lambda: token(exp=int(NOW()) - 120),
    "no exp": lambda: token(exp=None),
    "exp in words": lambda: token(exp="never"),
    "nbf to come": lambda: token(nbf=int(NOW()) + 600),
    "iat to come": lambda: token(iat=int(NOW()) + 86_400),
    "iat long ago": lambda: token(iat=int(NOW()) - 86_400),
    "no iat": lambda: token(iat=None),
    "nonce of another sign-in": lambda: token(nonce="n-2"),
    "no nonce": lambda: token(nonce=None),
    "no sub": lambda: token(sub=None),
    "empty sub": lambda: token(sub=""),
    "sub with a line end": lambda: token(sub="u-1\nadmin"),
    "nested": lambda: part({"alg": "RS256", "kid": "rsa"}) + "." + token() + ".x",
    "huge": lambda: token(filler="x" * 1_000_000),
    "deep": lambda: f"{base64.urlsafe_b64encode(b'[' * 6_000).decode()}.e30.x",
    "not a token": lambda: "abc",
    "dots": lambda: "....",
    "empty": lambda: "",
    "other letters": lambda: "ä.b.c",
}


@pytest.mark.parametrize("name", FORGED)
def test_a_token_that_is_not_of_this_sign_in_is_refused_without_a_word_of_it(name: str) -> None:
    forged = FORGED[name]()
    with pytest.raises(IdTokenRefused) as refused:
        claims_of(forged, keys_of(LISTED), EXPECTED, now=time.time())
    assert not forged or forged not in str(refused.value)


@pytest.mark.parametrize(
    "genuine",
    [
        lambda: token(),
        lambda: token(key=EC),
        lambda: token(aud=["daytwo"]),
        lambda: token(azp="daytwo"),
        lambda: token(aud=["other", "daytwo"], azp="daytwo"),
        lambda: hand_made({"typ": "JWT"}),
    ],
)
def test_a_genuine_token_is_taken(genuine: Callable[[], str]) -> None:
    assert subject_of(claims_of(genuine(), keys_of(LISTED), EXPECTED, now=time.time())) == "u-1"


def test_keys_that_sign_no_id_tokens_are_left_out() -> None:
    rsa = LISTED["keys"][0]
    other = ECKey.generate_key("P-384").as_dict(private=False)
    spoilt = [
        {**rsa, "alg": "PS256"},
        {**rsa, "use": "enc"},
        {**rsa, "kid": 1},
        {**rsa, "n": "AQAB"},
        {**other, "kid": "p384"},
        {"kty": "oct", "kid": "oct", "k": "c2VjcmV0"},
        "nonsense",
    ]
    assert keys_of({"keys": spoilt}) == keys_of({"keys": "x"}) == keys_of(None) == {}
    assert set(keys_of(LISTED)) == {"rsa", "ec"}


DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize?tenant=acme",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": "https://keys.example/jwks",
    "response_types_supported": ["code"],
}


def test_what_a_provider_says_of_itself() -> None:
    known = metadata_of(DOCUMENT, issuer=ISSUER)
    assert (known.secret_by, known.names_itself) == ("client_secret_basic", False)
    form = metadata_of({**DOCUMENT, "token_endpoint_auth_methods_supported": ["client_secret_post"]}, issuer=ISSUER)
    assert form.secret_by == "client_secret_post"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"issuer": f"{ISSUER}/"}, "another issuer"),
        ({"issuer": None}, "another issuer"),
        ({"authorization_endpoint": "http://id.example/authorize"}, "not an https address"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "not an https address"),
        ({"token_endpoint": None}, "not an https address"),
        ({"token_endpoint": "https://u:p@id.example/token"}, "more in it than an address"),
        ({"jwks_uri": "file:///etc/passwd"}, "not an https address"),
        ({"jwks_uri": "https://[broken"}, "not a web address"),
        ({"response_types_supported": ["id_token"]}, "authorization code flow"),
        ({"response_types_supported": "code"}, "not a list"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
        ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "neither with RS256 nor with ES256"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "client secret"),
    ],
)
def test_a_provider_that_cannot_be_used_is_told_why(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ProviderUnusable, match=said):
        metadata_of({**DOCUMENT, **change}, issuer=ISSUER)
