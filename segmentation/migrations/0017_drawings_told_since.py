from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('segmentation', '0016_drawings_set_aside'),
    ]

    operations = [
        migrations.AddField(
            model_name='drawing',
            name='told_since',
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(
            lambda apps, _: apps.get_model('segmentation', 'Drawing').objects.update(told_since=models.F('begun_at')),
            migrations.RunPython.noop,
        ),
        migrations.AlterField(
            model_name='drawing',
            name='told_since',
            field=models.DateTimeField(help_text='Corrections of the same mask that others saved since then are told of.'),
        ),
    ]
