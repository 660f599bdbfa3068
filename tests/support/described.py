"""Where the official descriptions of the vendors' APIs are: named by ``DAYTWO_SPECS``, or beside the repository.

Where they are not, what needs them is left out, and says so.
"""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("DAYTWO_SPECS", Path(__file__).resolve().parents[3] / "shared" / "specs"))
needs_specs = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the descriptions are not at hand; name their folder by DAYTWO_SPECS"
)
