"""GitHub's own description of its REST API, and what of ours cannot be held against it."""

from typing import Final

from daytwo_standins.shared.contract import Vendor

_LEFT_OUT: Final = "left out of the description"
GITHUB: Final = Vendor(
    called="GitHub",
    file="github/openapi.2022-11-28.json",
    excused={
        "unknown": "no such address",
        "list_tags": _LEFT_OUT,
        "list_root": _LEFT_OUT,
        "list_installations": "there, and only there, the account has to be a user and an enterprise at once",
    },
)
