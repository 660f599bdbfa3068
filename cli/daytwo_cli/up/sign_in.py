"""How one signs in to the house."""

from enum import StrEnum


class SignIn(StrEnum):
    """Who says who somebody is: they themselves, or an identity provider."""

    PEOPLE = "people"
    OIDC = "oidc"
