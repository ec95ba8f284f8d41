"""A web process stays light."""

import os
import subprocess
import sys

import pytest

LARGE = ("torch", "segmentation.networks.unet", "altair", "scipy.stats", "scipy.optimize")


@pytest.mark.once
def test_a_web_process_starts_without_what_is_large() -> None:
    look = (
        "import django, sys; django.setup(); import webapp.urls; "
        f"print([name for name in {LARGE} if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", look],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "webapp.settings"},
    ).stdout
    assert said.strip() == "[]"
