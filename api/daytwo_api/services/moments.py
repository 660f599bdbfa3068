"""Times in sentences."""

from datetime import UTC, datetime


def moment(at: datetime) -> str:
    """'14:00 UTC' today, with the date on other days."""
    utc = at.astimezone(UTC)
    return f"{utc:%H:%M} UTC" if utc.date() == datetime.now(UTC).date() else f"{utc:%d %b %Y %H:%M} UTC"
