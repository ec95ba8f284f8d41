"""A web process stays light."""

import subprocess
import sys


def test_a_web_process_never_loads_pytorch() -> None:
    look = (
        "import django, sys; django.setup(); import webapp.urls; "
        "print([name for name in ('torch', 'segmentation.networks.unet') if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", look],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        env=environment(),
    ).stdout
    assert said.strip() == "[]"


def environment() -> dict[str, str]:
    import os

    return os.environ | {"DJANGO_SETTINGS_MODULE": "webapp.settings"}
