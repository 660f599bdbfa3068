"""An attempt's row gives back the frozen request that was put into it."""

import pytest

from daytwo_actions.backends.base import FrozenRequest, Pinned, Target
from daytwo_store.ids import Corr, Digest
from daytwo_store.tables import AttemptRow
from daytwo_workflows.life.requests import as_json, frozen_of


@pytest.mark.parametrize("by_name", [None, (), ("a", "b")])
@pytest.mark.parametrize("flag", [True, False])
def test_what_was_frozen_comes_back_whole(by_name: tuple[str, ...] | None, flag: bool) -> None:
    pinned = Pinned(
        target=Target(project="acme/shop", pipeline="deploy.yml", ref="main"),
        project_id="7",
        pipeline_id="9",
        commit="c" * 40,
        pipeline_digest=Digest("d" * 64),
        marked=flag,
        by_name=by_name,
        fenced=not flag,
        lasting=flag,
    )
    request = FrozenRequest(
        pinned=pinned, corr=Corr("c"), method="POST", path="/x", body=b"{}", digest=Digest("e" * 64)
    )
    row = AttemptRow(corr=request.corr, request=as_json(request), body=request.body, digest=request.digest)
    assert frozen_of(row) == request
