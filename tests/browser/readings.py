"""What the stories of readings in several tabs share: a study, and a rater who marks."""

from __future__ import annotations

from django.contrib.auth.models import User
from playwright.sync_api import Page

from rating.models import Study
from rating.operations.study import create_study, edit_study, open_study
from segmentation.operations.cases import create_cohort
from tests.browser.conftest import Visitor
from tests.rating.stage import NOON, a_case, a_mask, invited

PASSWORD = "phantoms-2019"


def a_study(masks: int = 2, gap: int = 1) -> dict[str, User]:
    """An open study of so many masks for Rita and Ravi; returns the people by name."""
    people = {name: User.objects.create_user(name, password=PASSWORD) for name in NAMES}
    cohort = create_cohort(title="Clinic", coordinators=[people["cora"]])
    invited(cohort, people["rita"], people["ravi"])
    drawn = [a_mask(a_case(cohort, seed), lesions=2 + seed) for seed in range(masks)]
    study = create_study(title="Reading", cohort=cohort, by=people["cora"], now=NOON)
    edit_study(
        study=study,
        by=people["cora"],
        items=[mask.pk for mask in drawn],
        raters=["rita", "ravi"],
        settings={"gap": gap, "washout_days": 0},
    )
    open_study(study=study, by=people["cora"], now=NOON)
    return people


NAMES = ("cora", "rita", "ravi")


def reading_of(person: User) -> str:
    """The address of somebody's one reading."""
    token = Study.objects.get().memberships.get(user=person).token
    return f"/reading/{token}/"


def start_reading(reader: Visitor, person: User) -> None:
    """Log in and open the first presentation."""
    reader.log_in(person, PASSWORD)
    reader.go(reading_of(person))
    reader.page.get_by_role("button", name="Open presentation 1").click()
    reader.wait_for_viewer()


def mark(reader: Visitor, *numbers: int) -> None:
    """Mark missed lesions at places of these numbers."""
    for number in numbers:
        mm = reader.page.evaluate("i => window.plaque.viewer.mmAt([6 + 4 * i, 6, 2])", number)
        reader.click_at(mm)


def log_in_at(page: Page, person: User) -> None:
    """Fill in the log-in page that is open, and wait for where it leads."""
    page.get_by_label("User name").fill(person.get_username())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda address: "/accounts/login/" not in address)
