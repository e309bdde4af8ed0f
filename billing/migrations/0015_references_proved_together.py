"""Events, decisions and pieces prove their references a statement at a time, and drop indexes that begin others."""

import django.db.models.deletion
from django.db import migrations, models

from integration_hub.kernel.references import ProveReferences


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0014_approvals_keep_what_was_seen'),
        ('contracts', '0005_retainer_terms'),
        ('hub_intake', '0002_indexes_that_begin_others'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='piece',
            name='piece_credited_once',
        ),
        migrations.RemoveIndex(
            model_name='piece',
            name='piece_candidate_line',
        ),
        migrations.AlterField(
            model_name='billableevent',
            name='contract',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='billable_events', to='contracts.contract'),
        ),
        migrations.AlterField(
            model_name='billableevent',
            name='legal_entity',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.legalentity'),
        ),
        migrations.AlterField(
            model_name='billableevent',
            name='line',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, help_text='Fees and milestones name it', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contractline'),
        ),
        migrations.AlterField(
            model_name='billableevent',
            name='milestone',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='billable_events', to='contracts.milestone'),
        ),
        migrations.AlterField(
            model_name='billableevent',
            name='project',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='billable_events', to='contracts.project'),
        ),
        migrations.AlterField(
            model_name='billableevent',
            name='resource',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='billable_events', to='contracts.resource'),
        ),
        migrations.AlterField(
            model_name='billableevent',
            name='schedule_item',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='billable_events', to='billing.scheduleitem'),
        ),
        migrations.AlterField(
            model_name='billableevent',
            name='source_version',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='billable_events', to='hub_intake.sourceversion'),
        ),
        migrations.AlterField(
            model_name='decision',
            name='contract_version',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='contracts.contractversion'),
        ),
        migrations.AlterField(
            model_name='decision',
            name='event',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='billing.billableevent'),
        ),
        migrations.AlterField(
            model_name='piece',
            name='candidate_line',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pieces', to='billing.candidateline'),
        ),
        migrations.AlterField(
            model_name='piece',
            name='cap',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pieces', to='contracts.cap'),
        ),
        migrations.AlterField(
            model_name='piece',
            name='contract',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pieces', to='contracts.contract'),
        ),
        migrations.AlterField(
            model_name='piece',
            name='corrects',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, help_text='The posted piece that this credit takes back, whole', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='billing.piece'),
        ),
        migrations.AlterField(
            model_name='piece',
            name='decision',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='pieces', to='billing.decision'),
        ),
        migrations.AlterField(
            model_name='piece',
            name='event',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='pieces', to='billing.billableevent'),
        ),
        migrations.AlterField(
            model_name='piece',
            name='legal_entity',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.legalentity'),
        ),
        migrations.AlterField(
            model_name='piece',
            name='line',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pieces', to='contracts.contractline'),
        ),
        migrations.AddIndex(
            model_name='piece',
            index=models.Index(condition=models.Q(('candidate_line__isnull', False)), fields=['candidate_line'], name='piece_candidate_line'),
        ),
        migrations.AddIndex(
            model_name='piece',
            index=models.Index(condition=models.Q(('cap__isnull', False)), fields=['cap'], name='piece_cap'),
        ),
        migrations.AddIndex(
            model_name='piece',
            index=models.Index(condition=models.Q(('corrects__isnull', False)), fields=['corrects'], name='piece_corrects'),
        ),
        migrations.AddConstraint(
            model_name='piece',
            constraint=models.UniqueConstraint(condition=models.Q(('corrects__isnull', False), ('is_current', True)), fields=('corrects',), name='piece_credited_once'),
        ),
        migrations.AlterField(
            model_name='decision',
            name='agreed',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, help_text='Its terms, whole; empty without a contract, and for what was decided before they were kept', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='billing.agreedterms'),
        ),
        ProveReferences("billableevent"),
        ProveReferences("decision"),
        ProveReferences("piece"),
    ]
