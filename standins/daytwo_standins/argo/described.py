"""Argo Server's own description of its API, and what of ours cannot be held against it."""

from types import MappingProxyType
from typing import Final

from daytwo_standins.shared.contract import Vendor

ARGO: Final = Vendor(
    called="Argo",
    file="argo/swagger.json",
    excused={"unknown": "no such address"},
    strict=True,
    trims="fields",
    types=MappingProxyType(
        {
            # The server sends null for times that are not set, and numbers as they were given.
            "io.k8s.apimachinery.pkg.apis.meta.v1.Time": ("string", "null"),
            "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ("string", "integer"),
        }
    ),
)
