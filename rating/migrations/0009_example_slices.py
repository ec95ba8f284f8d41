"""Readings that a coordinator chose to be shown as examples. A new table; no row is touched."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rating", "0008_verdict_follows_from_counts")]

    operations = [
        migrations.CreateModel(
            name="ExampleSlice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("accepted", "Accepted"),
                            ("accepted with errors", "Imperfect"),
                            ("rejected", "Rejected"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "slice",
                    models.PositiveIntegerField(
                        help_text="From 1 at the bottom; without, the one with most marks.",
                        null=True,
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        blank=True, help_text="User name; empty for a command.", max_length=150
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "presentation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="rating.presentation",
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="example_slices",
                        to="rating.study",
                    ),
                ),
            ],
            options={
                "ordering": ["study", "kind"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("study", "kind"), name="one_example_of_each_kind"
                    )
                ],
            },
        ),
    ]
