"""Where Chromium is. `python tests/find_chromium.py --install` makes sure that there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# The first is Chromium without its own windows and bars, which tests only wait for.
NAMES = (
    *("chromium-headless-shell", "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable"),
)

# A WebGL that needs no graphics card, and no calls home.
SWITCHES = [
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--use-gl=angle"),
    *("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"),
]


def find_chromium() -> str | None:
    """The path of a Chromium: PLAQUE_CHROMIUM, the system's, or Playwright's; None without."""
    if chosen := os.environ.get("PLAQUE_CHROMIUM"):
        return chosen if Path(chosen).exists() else None
    for name in NAMES:
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def install() -> None:
    """Install Chromium with apt as root, else Playwright's build."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the browser tests (apt-get)", flush=True)
        subprocess.run(["apt-get", "-qq", "update"], check=False)
        for package in ("chromium-headless-shell", "chromium"):  # the first is Debian's alone
            done = subprocess.run(["apt-get", "-qq", "-y", "install", package], check=False)
            if done.returncode == 0:
                break
    else:
        print("Installing Chromium for the browser tests (Playwright)", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


if __name__ == "__main__":
    if find_chromium() is None and "--install" in sys.argv:
        install()
    if find_chromium() is None:
        sys.exit(
            "The browser tests need Chromium. Install it (Debian and Ubuntu: apt-get install "
            "chromium; elsewhere: .venv/bin/playwright install chromium) or set "
            "PLAQUE_CHROMIUM to its path."
        )
