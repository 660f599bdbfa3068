"""JSON pointers, RFC 6901."""


def under(pointer: str, key: str | int) -> str:
    """The pointer of a member."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
