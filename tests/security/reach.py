"""`python -m tests.security.reach URL`: does the database of vulnerabilities answer from here? Exit code 1 and why not.

A tool that cannot ask must not look like one that has found something, nor like one that has found nothing.
"""

import sys
import urllib.error
import urllib.request


def why_not(url: str) -> str | None:
    """Any answer by HTTP is one."""
    try:
        with urllib.request.urlopen(url, timeout=20):
            return None
    except urllib.error.HTTPError:
        return None
    except OSError as error:
        return str(getattr(error, "reason", error))


if __name__ == "__main__":
    if (why := why_not(sys.argv[1])) is not None:
        sys.exit(
            f"{sys.argv[1]} does not answer from here ({why}). Nothing was asked: whether something that is locked is "
            "known to be vulnerable is not known. Try again where the network reaches it, or name another: OSV=…"
        )
