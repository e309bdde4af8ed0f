"""Exchange rates; the database refuses to change or remove one."""

import integration_hub.kernel.clock
from django.db import migrations, models


FORWARD = """
CREATE FUNCTION exchange_rate_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Exchange rate % never changes: a correction is a new row of the same day.', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER exchange_rate_fixed BEFORE UPDATE OR DELETE ON contracts_exchangerate
    FOR EACH ROW EXECUTE FUNCTION exchange_rate_refuse_change();
"""
BACKWARD = """
DROP TRIGGER exchange_rate_fixed ON contracts_exchangerate;
DROP FUNCTION exchange_rate_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0002_rules'),
    ]

    operations = [
        migrations.AddField(
            model_name='legalentity',
            name='fx_max_age_days',
            field=models.PositiveSmallIntegerField(default=7, help_text='An exchange rate that is older than this converts nothing: it is called stale'),
        ),
        migrations.CreateModel(
            name='ExchangeRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rate_type', models.CharField(default='corporate', max_length=20)),
                ('base', models.CharField(max_length=3)),
                ('quote', models.CharField(max_length=3)),
                ('day', models.DateField()),
                ('rate', models.DecimalField(decimal_places=10, max_digits=24)),
                ('source', models.CharField(help_text='The record of a system, or the person, it came from', max_length=250)),
                ('recorded_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
            options={
                'ordering': ['-day', 'base', 'quote', '-id'],
                'indexes': [models.Index(fields=['rate_type', 'base', 'quote', '-day', '-id'], name='exchange_rate_latest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('rate__gt', 0)), name='exchange_rate_positive'), models.CheckConstraint(condition=models.Q(('base', models.F('quote')), _negated=True), name='exchange_rate_two_currencies')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
