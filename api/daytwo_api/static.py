"""The page: files that the build has put into daytwo_forms/static, and index.html for every address of the page."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

_FOREVER: Final = "public, max-age=31536000, immutable"  # below assets/ a name holds the hash of the content
_ASK: Final = "no-cache"
_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Daytwo</title></head>
<body><h1>The page is not built</h1>
<p>The API is running; its web page is missing. In a checkout, <code>make web</code> builds it. An installed package
has it inside: install it again.</p></body></html>
"""


def built_page() -> Path:
    """Where the build puts the page."""
    found = find_spec("daytwo_forms")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "static"


class Page:
    """Whatever no route takes. Raises 404 for the API's addresses and for files that there are not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: ASGIApp = GZipMiddleware(_Files(folder), minimum_size=1024)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] not in ("GET", "HEAD") or scope["path"].startswith("/api/"):
            raise HTTPException(404)
        scope["page"] = True
        if (self._folder / "index.html").is_file():
            await self._files(scope, receive, send)
        else:
            await HTMLResponse(_NOT_BUILT, status_code=503)(scope, receive, send)


class _Files(StaticFiles):
    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        is_file = "." in path.rpartition("/")[2].strip(".")
        name = path if is_file else "index.html"
        response = await self._packed(name, scope) or await super().get_response(name, scope)
        response.headers["Cache-Control"] = _FOREVER if path.startswith("assets/") else _ASK
        return response

    async def _packed(self, name: str, scope: Scope) -> Response | None:
        """The file as the build has packed it, once, instead of anew for everybody who comes."""
        if "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            return None
        try:
            response = await super().get_response(f"{name}.gz", scope)  # its type is that of the name without .gz
        except HTTPException:
            return None
        response.headers["Content-Encoding"] = "gzip"
        response.headers.add_vary_header("Accept-Encoding")
        return response
