"""The page on which somebody says who they are. Whatever stands on it was escaped."""

from collections.abc import Iterable
from html import escape

from daytwo_standins.oidc.config import Person

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body {{ font: 16px/1.5 system-ui; max-width: 28rem; margin: 4rem auto }} button {{ font: inherit; width: 100%;
margin: .25rem 0; padding: .5rem; text-align: left }}</style></head>
<body><h1>{title}</h1>{body}</body></html>
"""


def choose(people: Iterable[Person], query: str) -> str:
    """One button for each; `query` is what the program asked with, and goes with the answer."""
    buttons = "".join(
        f'<button name="person" value="{escape(one.subject)}">{escape(one.name)}</button>' for one in people
    )
    refuse = '<button name="person" value="">Nobody: do not sign in</button>'
    form = f'<form method="post" action="/authorize?{escape(query)}">{buttons}{refuse}</form>'
    return _PAGE.format(title="Acme: who are you?", body=form)


def refused(why: str) -> str:
    """For somebody who cannot be sent back, because it is not known whether that place may be trusted."""
    return _PAGE.format(title="This cannot be signed in to", body=f"<p>{escape(why)}</p>")
