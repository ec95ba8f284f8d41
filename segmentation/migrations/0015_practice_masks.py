from django.db import migrations, models


def name_practice_masks(apps, editor):
    """Earlier demonstrations stored what their raters practise on as drawn by nobody."""
    Segmentation = apps.get_model("segmentation", "Segmentation")
    made = Segmentation.objects.filter(title="Practice mask", origin="delineation", author=None)
    made.update(origin="practice")


class Migration(migrations.Migration):

    dependencies = [
        ('segmentation', '0014_evaluation'),
    ]

    operations = [
        migrations.AlterField(
            model_name='segmentation',
            name='origin',
            field=models.CharField(choices=[('prediction', 'Prediction'), ('delineation', 'Delineation'), ('correction', 'Correction'), ('consensus', 'Consensus'), ('imported', 'Imported'), ('practice', 'Practice')], max_length=20),
        ),
        migrations.RunPython(name_practice_masks, migrations.RunPython.noop),
    ]
