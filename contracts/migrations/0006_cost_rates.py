"""Cost rates; the database refuses two that hold on one day, and any change but the withdrawal."""

import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import integration_hub.kernel.clock
from django.db import migrations, models


FORWARD = """
ALTER TABLE contracts_costrate ADD CONSTRAINT cost_rate_no_overlap EXCLUDE USING gist (
    int8range(legal_entity_id, legal_entity_id, '[]') WITH &&,
    int8range(
        hashtextextended(CASE WHEN resource <> '' THEN 'person|' || resource ELSE 'role|' || role || '|' || vendor END, 0),
        hashtextextended(CASE WHEN resource <> '' THEN 'person|' || resource ELSE 'role|' || role || '|' || vendor END, 0),
        '[]') WITH &&,
    validity WITH &&
) WHERE (withdrawn_at IS NULL);
CREATE FUNCTION cost_rate_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL
       AND to_jsonb(NEW) - 'withdrawn_at' = to_jsonb(OLD) - 'withdrawn_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Cost rate % never changes: it is withdrawn and followed by another.', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER cost_rate_fixed BEFORE UPDATE OR DELETE ON contracts_costrate
    FOR EACH ROW EXECUTE FUNCTION cost_rate_refuse_change();
"""
BACKWARD = """
ALTER TABLE contracts_costrate DROP CONSTRAINT cost_rate_no_overlap;
DROP TRIGGER cost_rate_fixed ON contracts_costrate;
DROP FUNCTION cost_rate_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0005_retainer_terms'),
    ]

    operations = [
        migrations.AddField(
            model_name='resource',
            name='vendor',
            field=models.CharField(blank=True, help_text='The subcontractor they work for; empty: our own', max_length=120),
        ),
        migrations.CreateModel(
            name='CostRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('resource', models.CharField(blank=True, help_text='Code of the person', max_length=120)),
                ('role', models.CharField(blank=True, max_length=80)),
                ('vendor', models.CharField(blank=True, help_text="The subcontractor, by the vendor's number in the ERP; empty: our own", max_length=120)),
                ('currency', models.CharField(max_length=3)),
                ('unit', models.CharField(choices=[('hour', 'Hour'), ('day', 'Day of 8 hours')], default='hour', max_length=4)),
                ('rate', models.DecimalField(decimal_places=10, max_digits=24)),
                ('validity', django.contrib.postgres.fields.ranges.DateRangeField(help_text='Service dates, [from, to)')),
                ('source', models.CharField(help_text='The record of a system, or the person, it came from', max_length=250)),
                ('recorded_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('withdrawn_at', models.DateTimeField(blank=True, help_text='When it was known to hold no more', null=True)),
                ('legal_entity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cost_rates', to='contracts.legalentity')),
            ],
            options={
                'ordering': ['legal_entity_id', 'resource', 'role', 'vendor', '-id'],
                'indexes': [models.Index(condition=models.Q(('withdrawn_at__isnull', True)), fields=['legal_entity'], name='cost_rate_current')],
                'constraints': [models.CheckConstraint(condition=models.Q(('rate__gt', 0)), name='cost_rate_positive'), models.CheckConstraint(condition=models.Q(models.Q(models.Q(('resource', ''), _negated=True), ('role', '')), models.Q(('resource', ''), models.Q(('role', ''), _negated=True)), _connector='OR'), name='cost_rate_person_or_role'), models.CheckConstraint(condition=models.Q(('validity__isempty', False)), name='cost_rate_has_days')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
