"""The application: routes, who may reach them, and the layers around them."""

from fastapi import FastAPI

from daytwo_api import problems
from daytwo_api.asker import declared_routes, undeclared_routes
from daytwo_api.bodies import BodyGuard
from daytwo_api.envelope import Envelope
from daytwo_api.openapi import add_routes
from daytwo_api.security import OriginGuard
from daytwo_api.services.wiring import Services
from daytwo_api.static import Page


class UndeclaredRoutes(RuntimeError):
    """A route that says neither who may call it nor why anybody may: the application does not start."""


def create_app(services: Services) -> FastAPI:
    """The application over these services. Raises `UndeclaredRoutes`."""
    app = FastAPI(
        title="Daytwo",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # a redirect would be built from the Host header
    )
    app.state.services = services
    add_routes(app)
    if undeclared := undeclared_routes(app.routes):
        raise UndeclaredRoutes(f"Say in the type of a parameter who may call: {', '.join(undeclared)}")
    problems.install(app)
    app.router.default = Page(services.page)
    # the last one is the outermost
    app.add_middleware(BodyGuard, refused=services.inbox.too_large)
    app.add_middleware(OriginGuard, hosts=services.settings.hosts)
    templates = {route.endpoint: route.path for route in declared_routes(app.routes)}
    app.add_middleware(Envelope, metrics=services.metrics, https=services.settings.https, templates=templates)
    return app
