"""Who stands in for the owner of a case, and until when."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("hub_cases", "0002_what_members_money_is"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField(
            model_name="case",
            name="delegate",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cases_stood_in_for",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="delegate_until",
            field=models.DateTimeField(blank=True, help_text="Until then the delegate stands in for the owner", null=True),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                name="cases_case_delegate_for_owner",
                condition=Q(delegate__isnull=True, delegate_until__isnull=True)
                | Q(delegate__isnull=False, delegate_until__isnull=False, assigned_to__isnull=False)
                & ~Q(delegate=models.F("assigned_to")),
            ),
        ),
    ]
