"""Many candidates approved in one act, each with what was seen of it and what became of it."""

import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0017_waivers_of_late_work'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkApproval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('told', models.CharField(help_text='How they were chosen', max_length=500)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bulk_approvals', to=settings.AUTH_USER_MODEL)),
                ('delegation', models.ForeignKey(blank=True, help_text='In whose stead, and by which right', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bulk_approvals', to='billing.delegation')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='BulkItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('content_hash', models.CharField(max_length=64)),
                ('content', models.JSONField(default=dict, help_text='What the hash is of, as it was seen')),
                ('outcome', models.CharField(choices=[('waiting', 'Waiting'), ('approved', 'Approved'), ('counted', 'Counted: more people needed'), ('left_out', 'Left out')], default='waiting', max_length=8)),
                ('reason', models.TextField(blank=True, help_text='Why it was left out')),
                ('approval', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bulk_item', to='billing.approval')),
                ('bulk', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='billing.bulkapproval')),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bulk_items', to='billing.candidate')),
            ],
            options={
                'ordering': ['bulk_id', 'position'],
            },
        ),
        migrations.AddConstraint(
            model_name='bulkapproval',
            constraint=models.CheckConstraint(condition=models.Q(('finished_at__isnull', True), ('decided_at__isnull', False), _connector='OR'), name='bulk_approval_finished_was_decided'),
        ),
        migrations.AddConstraint(
            model_name='bulkitem',
            constraint=models.UniqueConstraint(fields=('bulk', 'candidate'), name='bulk_item_once'),
        ),
        migrations.AddConstraint(
            model_name='bulkitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('approval__isnull', True), ('outcome', 'waiting'), ('reason', '')), models.Q(('approval__isnull', False), ('outcome__in', ['approved', 'counted']), ('reason', '')), models.Q(('approval__isnull', True), ('outcome', 'left_out'), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='bulk_item_says_what_became_of_it'),
        ),
    ]
