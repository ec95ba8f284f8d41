"""The audit log knows to whose account something was done. One column more; no row is touched."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("segmentation", "0007_description")]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="about_id",
            field=models.PositiveBigIntegerField(
                help_text="Whose account it was done to, where that is another's.", null=True
            ),
        ),
    ]
