import hashlib

from django.db import migrations, models


def hash_stored_files(apps, editor):
    """Read the files that were stored without a hash; one that is gone gets none."""
    Segmentation = apps.get_model("segmentation", "Segmentation")
    for row in Segmentation.objects.iterator():
        for name in ("labels", "probability"):
            stored = getattr(row, name)
            if stored:
                try:
                    with stored.open("rb") as content:
                        digest = hashlib.sha256(content.read()).hexdigest()
                except OSError:
                    continue
                setattr(row, f"{name}_sha256", digest)
        row.save(update_fields=["labels_sha256", "probability_sha256"])


class Migration(migrations.Migration):

    dependencies = [
        ('segmentation', '0003_worker'),
    ]

    operations = [
        migrations.AddField(
            model_name='segmentation',
            name='labels_sha256',
            field=models.CharField(default='', max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='segmentation',
            name='probability_sha256',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.RunPython(hash_stored_files, migrations.RunPython.noop),
    ]
