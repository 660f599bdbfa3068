"""The page: hashed files for ever, index.html for every address of the page, and a word when it is not built."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from api_house import House, problem

from daytwo_api.app import create_app

pytestmark = pytest.mark.anyio
INDEX = "<!doctype html><title>the page</title>"


@pytest.fixture
async def paged(shared: House, tmp_path: Path) -> AsyncIterator[House]:
    (tmp_path / "static" / "assets").mkdir(parents=True)
    (tmp_path / "static" / "index.html").write_text(INDEX)
    (tmp_path / "static" / "icon.svg").write_text("<svg/>")
    (tmp_path / "static" / "assets" / "index-abc.js").write_text("let a = 1;\n" * 500)
    (tmp_path / "secret.txt").write_text("hunter2")
    services = replace(shared.services, page=tmp_path / "static")
    opened = House(create_app(services), services, shared.company, shared.temporal)
    yield opened
    await opened.close()


@pytest.mark.parametrize("path", ["/", "/runs", "/runs/r_1", "/entities/service/shop", "/index.html", "/a/b/c?x=1.2"])
async def test_every_address_of_the_page_is_index_html_asked_for_anew(paged: House, path: str) -> None:
    answer = await paged.anonymous().get(path)
    assert answer.status_code == 200
    assert answer.text == INDEX
    assert answer.headers["cache-control"] == "no-cache"
    again = await paged.anonymous(**{"If-None-Match": answer.headers["etag"]}).get(path)
    assert again.status_code == 304


async def test_hashed_files_are_kept_for_ever_and_packed(paged: House) -> None:
    answer = await paged.anonymous().get("/assets/index-abc.js")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.text.startswith("let a")
    icon = await paged.anonymous().get("/icon.svg")
    assert (icon.status_code, icon.headers["cache-control"]) == (200, "no-cache")


async def test_what_the_build_has_packed_is_sent_as_it_is(paged: House) -> None:
    packed = paged.services.page / "assets" / "index-abc.js.gz"
    packed.write_bytes(gzip.compress(b"let packed = 1;"))
    answer = await paged.anonymous().get("/assets/index-abc.js")
    assert answer.text == "let packed = 1;"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["vary"].lower().count("accept-encoding") == 1
    plain = await paged.anonymous(**{"Accept-Encoding": "identity"}).get("/assets/index-abc.js")
    assert plain.text.startswith("let a")
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    "path",
    ["/assets/index-old.js", "/favicon.ico", "/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "/.%2e/secret.txt"],
)
async def test_files_that_there_are_not(paged: House, path: str) -> None:
    answer = await paged.anonymous().get(path)
    problem(answer, 404, "not-found")
    assert "hunter2" not in answer.text


async def test_head_is_answered_and_nothing_is_posted(paged: House) -> None:
    assert (await paged.anonymous().head("/runs")).status_code == 200
    problem(await paged.anonymous().post("/runs"), 404)


async def test_a_page_that_is_not_built_says_how(shared: House, tmp_path: Path) -> None:
    services = replace(shared.services, page=tmp_path / "nothing")
    bare = House(create_app(services), services, shared.company, shared.temporal)
    answer = await bare.anonymous().get("/")
    assert answer.status_code == 503
    assert "make web" in answer.text
    problem(await bare.anonymous().get("/api/v1/nothing"), 404)
    await bare.close()
