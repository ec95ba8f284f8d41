"""Workers share a machine, or the container that limits them, without taking more than there is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import yaml
from django.conf import settings

from webapp.machine import memory_bytes

GB = 1024**3
TOTAL = psutil.virtual_memory().total
ASKING = """
import json, django
django.setup()
from django.conf import settings
names = ("WORKERS", "WORKER_THREADS", "JOB_BYTES_MOST", "JOB_SECONDS_MOST")
print(json.dumps([getattr(settings, name) for name in names]))
"""


def set_to(data: Path, **environment: str) -> list[float]:
    """Workers, threads, bytes and seconds of a Plaque with these settings."""
    own = {"PLAQUE_DATA": str(data), "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLAQUE_")}
    asked = subprocess.run(
        [sys.executable, "-c", ASKING],
        env=kept | own | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    told: list[float] = json.loads(asked.stdout)
    return told


def test_workers_share_cores_and_memory(tmp_path: Path) -> None:
    cores, memory = os.cpu_count() or 1, memory_bytes()
    workers, threads, most, _ = set_to(tmp_path, PLAQUE_WORKERS="2")
    assert (workers, threads) == (2, max(1, cores // 2))
    assert most == pytest.approx(0.75 * memory / 2, rel=0.01)
    workers, threads, most, seconds = set_to(
        tmp_path,
        PLAQUE_WORKERS=str(3 * cores),
        PLAQUE_JOB_MEMORY_GB="2.5",
        PLAQUE_JOB_MINUTES="5",
    )
    assert (workers, threads, most, seconds) == (3 * cores, 1, 2.5 * GB, 300)
    assert set_to(tmp_path, PLAQUE_WORKERS="2", PLAQUE_WORKER_THREADS="7")[1] == 7


@pytest.mark.parametrize(
    ("lines", "files", "memory"),
    [
        ("0::/\n", {"memory.max": "max\n"}, TOTAL),
        ("0::/\n", {"memory.max": f"{TOTAL // 4}\n"}, TOTAL // 4),
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": f"{TOTAL // 8}"}, TOTAL // 8),
        ("0::/a\n", {"b/memory.max": "1000"}, TOTAL),
        ("5:cpu:/a\n4:memory:/a\n", {"memory/a/memory.limit_in_bytes": "4096"}, 4096),
        ("4:memory:/a\n", {"memory/a/memory.limit_in_bytes": f"{2**63 - 4096}"}, TOTAL),
        ("0::/../..\n", {"memory.max": "4096"}, 4096),
    ],
)
def test_the_limit_of_a_container_counts(
    tmp_path: Path, lines: str, files: dict[str, str], memory: int
) -> None:
    assert memory_bytes(root=tmp_path) == TOTAL
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(lines)
    for name, content in files.items():
        file = tmp_path / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    assert memory_bytes(root=tmp_path) == memory


def test_what_is_set_for_workers_reaches_their_containers() -> None:
    compose = yaml.safe_load((settings.ROOT / "compose.yaml").read_text())
    source = (settings.ROOT / "webapp" / "settings.py").read_text()
    names = set(re.findall(r'"(PLAQUE_(?:JOB|WORKER|FAST)[A-Z_]*)"', source))
    assert len(names) >= 5
    worker = compose["services"]["worker"]
    assert names <= worker["environment"].keys() | compose["x-plaque"]["environment"].keys()
    assert worker["scale"] == "${PLAQUE_WORKERS:-1}"
