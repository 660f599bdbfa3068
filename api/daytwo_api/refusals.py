"""Why somebody could not sign in, as a page: they came by a link and not by our page's own requests."""

from html import escape
from typing import Self

from fastapi import Request
from starlette.responses import HTMLResponse

from daytwo_api.problems import request_id

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Daytwo</title>
</head><body><main><h1>{title}</h1><p>{detail}</p><p><a href="/">Back to the page</a></p>
<p><small>Request {request}</small></p></main></body></html>
"""


class Refusal(Exception):
    """`reason` is for our log: nothing of a token, and nothing that somebody else wrote."""

    def __init__(self, title: str, detail: str, *, status: int, reason: str) -> None:
        super().__init__(reason)
        self.title = title
        self.detail = detail
        self.status = status
        self.reason = reason

    @classmethod
    def stale(cls) -> Self:
        return cls(
            "This sign-in is not known any more",
            "It took more than ten minutes, was begun in another browser or another window, or was finished already. "
            "You are not signed in by it. Begin again from the page.",
            status=400,
            reason="its cookie and its state do not belong together, or are too old",
        )

    @classmethod
    def declined(cls) -> Self:
        return cls(
            "You were not signed in",
            "The identity provider says that signing in was declined there. Begin again from the page if that was not "
            "meant; if you may not use Daytwo there, its administrators have to let you.",
            status=403,
            reason="declined at the provider",
        )

    @classmethod
    def of_provider(cls, why: str) -> Self:
        return cls(
            "The identity provider's answer cannot be used",
            f"You are not signed in: {why}. Begin again from the page. If it happens again, tell an administrator "
            "the request below.",
            status=400,
            reason=why,
        )

    @classmethod
    def away(cls) -> Self:
        return cls(
            "The identity provider does not answer",
            "You are not signed in, and nobody new can be until it answers again. Who is signed in goes on working. "
            "Begin again from the page in a minute.",
            status=503,
            reason="the provider does not answer",
        )

    @classmethod
    def too_many(cls) -> Self:
        return cls(
            "Too many sign-ins from your address were refused",
            "This one was not looked at, and you are not signed in. Begin again from the page in a minute.",
            status=429,
            reason="too many from this address were refused",
        )

    @classmethod
    def unknown(cls, subject: str, *, claim: str | None, found_by: str | None, many: bool) -> Self:
        """The subject is told to whoever it names: an administrator needs it."""
        if found_by is not None:
            number = "more than one person" if many else "no person"
            how = (
                f"{number} in the catalog has {subject} as `{found_by}`. An administrator has to write that into your "
                "person's entity alone"
            )
        else:
            how = f"the claim `{claim}` of your account names nobody in the catalog. An administrator has to see to it"
        return cls(
            "You are not in the catalog",
            f"The identity provider knows you, but {how}. You are not signed in.",
            status=403,
            reason="nobody, or more than one person, of the catalog is meant",
        )


def refusal(refused: Refusal, request: Request) -> HTMLResponse:
    """The page."""
    told = {"title": refused.title, "detail": refused.detail, "request": request_id(request.scope)}
    return HTMLResponse(_PAGE.format(**{name: escape(text) for name, text in told.items()}), status_code=refused.status)
