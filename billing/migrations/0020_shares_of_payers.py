"""A piece of work says which payer it is billed to, and by which percentage."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0019_differences_in_price'),
        ('contracts', '0013_who_pays_for_contracts'),
    ]

    operations = [
        migrations.AddField(
            model_name='piece',
            name='bill_to',
            field=models.ForeignKey(blank=True, db_index=False, help_text="The payer whose share it is; empty: the contract's own bill-to pays all of it", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='contracts.billto'),
        ),
        migrations.AddField(
            model_name='piece',
            name='percent',
            field=models.DecimalField(blank=True, decimal_places=4, help_text='That share', max_digits=7, null=True),
        ),
        migrations.AddIndex(
            model_name='piece',
            index=models.Index(condition=models.Q(('bill_to__isnull', False)), fields=['contract'], name='piece_shared'),
        ),
        migrations.AddConstraint(
            model_name='piece',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('bill_to__isnull', True), ('percent__isnull', True)), models.Q(('bill_to__isnull', False), ('percent__gt', 0), ('percent__lte', 100)), _connector='OR'), name='piece_share_has_payer'),
        ),
    ]
