"""What every answer tells the browser to refuse."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from tests.segmentation.scans import signed_in


@pytest.mark.parametrize("address", ["/", "/accounts/login/", "/nowhere/", "/api/v1/cohorts/"])
def test_every_answer_carries_the_policy(address: str, db: None) -> None:
    sent = Client().get(address).headers
    policy = dict(part.strip().split(" ", 1) for part in sent["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in sent["Content-Security-Policy"]
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["X-Frame-Options"] == "DENY"
    assert sent["Referrer-Policy"] == "same-origin"
    assert sent["Cross-Origin-Opener-Policy"] == "same-origin"
    assert sent["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in sent["Permissions-Policy"]


def test_the_administration_is_no_exception(db: None) -> None:
    boss = User.objects.create_superuser("boss")
    sent = signed_in(boss).get("/admin/").headers["Content-Security-Policy"]
    assert "unsafe" not in sent


DOWNLOADED = "report_style.html"  # part of files that are kept and opened elsewhere, not of pages


def test_no_template_holds_what_the_policy_refuses() -> None:
    found = Path(settings.ROOT).glob("*/templates/**/*.html")
    templates = [template for template in found if template.name != DOWNLOADED]
    assert len(templates) > 5
    inline = re.compile(r"<style|<script(?! type=.application/json)|\s(style|on\w+)=")
    assert [t for t in templates if inline.search(t.read_text())] == []
