"""GitLab's own description of its REST API, and what of ours cannot be held against it."""

from typing import Final

from daytwo_standins.shared.contract import Vendor

_LEFT_OUT: Final = "left out of the description"
GITLAB: Final = Vendor(
    called="GitLab",
    file="gitlab/openapi.json",
    undescribed=frozenset({"cursor"}),  # of lists that go on by a key
    misdescribed=frozenset({("get_branch", "branch")}),  # a branch has a name; the description says a number
    excused={
        "unknown": "no such address",
        "list_tags": _LEFT_OUT,
        "get_tag": _LEFT_OUT,
        "keys": _LEFT_OUT,
        "openid_configuration": _LEFT_OUT,
        "list_tree": "its answer is described as one entry, and is a list",
        "get_artifact": _LEFT_OUT,
        "get_deployment": "its approvals are described as one, and are a list",
        "cancel": "its success is described as 201, and is 200, as the server's source says",
    },
)
