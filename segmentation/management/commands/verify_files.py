"""manage.py verify_files: every stored file is there and has its hash; other files are listed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.operations.files import check_files


class Command(BaseCommand):
    help = (
        "Read every stored file and compare it with the hash in the database. Files that nothing "
        "in the database names are listed; nothing is changed."
    )

    def handle(self, **_: Any) -> None:
        report = check_files()
        for file in report.missing:
            self.stdout.write(f"missing: {file.name} ({file.row})")
        for file in report.damaged:
            self.stdout.write(f"damaged: {file.name} ({file.row})")
        for name in report.orphans:
            self.stdout.write(f"not in the database: {name}")
        self.stdout.write(
            f"{report.sound} files are sound, {len(report.missing)} missing, "
            f"{len(report.damaged)} damaged; {len(report.orphans)} are not in the database, "
            f"{report.drafts} are being stored or were left by a killed process."
        )
        if report.missing or report.damaged:
            raise CommandError("Bring the files named above back from a backup.")
