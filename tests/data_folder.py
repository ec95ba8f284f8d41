"""A pytest plugin that is loaded before Django reads its settings (see pyproject.toml)."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# A test never touches anybody's data.
DATA = Path(tempfile.mkdtemp(prefix="plaque-tests-"))
(DATA / "static").mkdir()
atexit.register(shutil.rmtree, DATA, ignore_errors=True)
os.environ["PLAQUE_DATA"] = str(DATA)
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in this thread
