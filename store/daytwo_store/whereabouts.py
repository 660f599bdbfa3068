"""Where the database is, and why it cannot be had, in words that anybody may read: never with the password."""

from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

_PORT: Final = "5432"  # libpq's own
_LONGEST: Final = 200
NO_ADDRESS: Final = "DAYTWO_DATABASE_URL is not of the form postgresql://user:password@host:5432/name."


def place_of(url: str) -> str | None:
    """As "127.0.0.1:5432"; the host is a folder where it is reached by a socket. None: this is no address."""
    try:
        known = conninfo_to_dict(url)
    except psycopg.Error:
        return None
    return f"{known.get('host') or known.get('hostaddr') or 'localhost'}:{known.get('port') or _PORT}"


def absent(url: str, error: BaseException, *, meanwhile: str) -> str:
    """Of a database that cannot be had: which one, why, what was not done (`meanwhile`), and what to do."""
    place = place_of(url)
    if place is None:
        return f"{NO_ADDRESS} {meanwhile} Correct it."
    known = conninfo_to_dict(url)
    why = _why(error)
    if known.get("password"):  # no message that we know of repeats it, and one that we do not know shall not either
        why = why.replace(str(known["password"]), "…")
    named = f" (database {known['dbname']})" if known.get("dbname") else ""
    return (
        f"PostgreSQL at {place}{named} cannot be used: {why}. {meanwhile} Start it, or correct DAYTWO_DATABASE_URL "
        "(host, port, database, user and password)."
    )


def _why(error: BaseException) -> str:
    """What the network or the server said. libpq names the server once more before it, which is left out."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, psycopg.Error):
        cause = cause.__cause__
    lines = str(cause or "").splitlines()
    said = lines[0].rpartition(" failed: ")[2].removeprefix("FATAL:").strip() if lines else ""
    return said[:_LONGEST] or "it does not answer"
