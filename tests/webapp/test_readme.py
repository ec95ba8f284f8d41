"""The README names exactly the settings that Plaque reads, and every benchmark with its figures."""

import re
from pathlib import Path

from django.conf import settings

# Read by the libraries that they are for, by `serve`, and by the tests.
ELSEWHERE = {"DATABASE_URL", "PORT", "PLAQUE_TEST_SCANS"}


def test_every_setting_is_in_the_readme_and_is_read() -> None:
    readme = (Path(settings.ROOT) / "README.md").read_text()
    rows = re.findall(r"^\| (`[A-Z].*?) \|", readme, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)]
    source = (Path(settings.ROOT) / "webapp" / "settings.py").read_text()
    read = set(
        re.findall(r"""(?:environ\.get|flag|words|number|whole)\(\s*["']([A-Z0-9_]+)["']""", source)
    )
    assert len(named) == len(set(named)) > 15
    assert set(named) == read | ELSEWHERE


def test_no_setting_is_read_anywhere_else() -> None:
    packages = ("webapp", "accounts", "segmentation", "rating")
    modules = [path for one in packages for path in (Path(settings.ROOT) / one).rglob("*.py")]
    reading = [path.name for path in modules if "os.environ" in path.read_text()]
    assert sorted(set(reading)) == [
        *("celery.py", "reproduce_acceptance.py", "serve.py", "settings.py", "wsgi.py"),
    ]


def test_every_benchmark_is_in_the_readme_with_its_table_and_machine() -> None:
    readme = (Path(settings.ROOT) / "README.md").read_text()
    section = readme.split("\n## How fast\n")[1].split("\n## ")[0]
    scripts = [
        path.name
        for path in (Path(settings.ROOT) / "benchmarks").glob("*.py")
        if "sys.exit(main())" in path.read_text()
    ]
    assert len(scripts) > 9
    parts = re.split(r"^`benchmarks/(\w+\.py)`", section, flags=re.MULTILINE)
    said = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert set(said) == set(scripts)
    for name, text in said.items():
        assert re.search(r"^\d{4}-\d\d-\d\d: .*\d+ cores.*PyTorch", text, re.MULTILINE), name
        assert text.count("\n| ") > 2, name
        assert re.search(r"^claim: .*: (holds|does not hold)$", text, re.MULTILINE), name
