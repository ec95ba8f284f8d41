"""manage.py make_demonstration: phantoms, and studies to do and finished ones."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from webapp.demonstration import demonstration_accounts, make_demonstration, may_demonstrate


class Command(BaseCommand):
    help = "Create the demonstration (cases, accounts, studies). Running it again does nothing."

    def handle(self, **_: Any) -> None:
        if not may_demonstrate():
            raise CommandError(
                "This is a production: no demonstration accounts are made. "
                "PLAQUE_ALLOW=demonstration takes them on."
            )
        make_demonstration(clock=timezone.now, say=self.stdout.write)
        self.stdout.write("Demonstration accounts (user name, password):")
        for name, password in demonstration_accounts().items():
            self.stdout.write(f"  {name:6} {password}")
