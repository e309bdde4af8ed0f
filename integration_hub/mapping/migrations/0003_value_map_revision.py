from django.db import migrations, models


class Migration(migrations.Migration):
    """Count changes of a value map, so that compiled mappings know when to read it again."""

    dependencies = [("hub_mapping", "0002_initial")]

    operations = [
        migrations.AddField(
            model_name="valuemap",
            name="revision",
            field=models.PositiveIntegerField(default=1, editable=False, help_text="Counts changes of the rows."),
        ),
    ]
