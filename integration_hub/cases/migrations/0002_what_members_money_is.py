"""What the money of a member is; those that stand are told by what they are, as their rooms tell new ones."""

from django.db import migrations, models

BASES = {
    "billing.piece": "net",
    "billing.candidate": "net",
    "billing.invoice": "gross",
    "billing.creditmemo": "gross",
    "erp.invoice": "gross",
}


def told(apps, schema_editor):
    members = apps.get_model("hub_cases", "Member").objects
    for target_type, basis in BASES.items():
        members.filter(target_type=target_type, amount__isnull=False).update(basis=basis)


class Migration(migrations.Migration):
    dependencies = [("hub_cases", "0001_models")]

    operations = [
        migrations.AddField(
            model_name="member",
            name="basis",
            field=models.CharField(
                blank=True, db_default="", help_text="Whether the amount is net, tax or gross.", max_length=5
            ),
        ),
        migrations.RunPython(told, migrations.RunPython.noop, elidable=True),
    ]
