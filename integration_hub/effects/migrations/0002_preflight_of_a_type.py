from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("hub_effects", "0001_models")]

    operations = [
        # Answers of minutes, given for whichever type asked first: they are asked for again.
        migrations.RunSQL("DELETE FROM hub_effects_preflight", migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="preflight", name="preflight_once_per_day"),
        migrations.AddField(
            model_name="preflight",
            name="effect_type",
            field=models.CharField(
                default="", help_text="Targets close a day for some documents before others.", max_length=60
            ),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="preflight",
            constraint=models.UniqueConstraint(
                fields=["connection", "on", "effect_type"], name="preflight_once_per_day_and_type"
            ),
        ),
    ]
