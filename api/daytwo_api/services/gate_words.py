"""What a run waits for in the CI system, in words."""


def waits_there(title: str, waits_for: str) -> str:
    """'waits in GitHub for a review by sre'."""
    return waits_for if waits_for.startswith("waits ") else f"waits in {title} for {waits_for}"
