"""The settings of a worker process of its own, on the files of the test that starts it."""

import os
from pathlib import Path

from webapp.settings import *  # noqa: F403  # all settings, but one

FOLDER = Path(os.environ["PLAQUE_TEST_FOLDER"])
STORAGES["default"] = {  # noqa: F405  # from there
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"location": FOLDER / "files", "base_url": None},
}
METHODS = FOLDER / "methods"
TRAININGS = FOLDER / "trainings"
