"""Targets of clocks; the database refuses any change of them."""

import django.core.validators
import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


FORWARD = """
CREATE FUNCTION clock_target_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Target % never changes: another one follows it.', OLD.id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER clock_target_fixed BEFORE UPDATE OR DELETE ON hub_clocks_target
    FOR EACH ROW EXECUTE FUNCTION clock_target_refuse_change();
"""
BACKWARD = """
DROP TRIGGER clock_target_fixed ON hub_clocks_target;
DROP FUNCTION clock_target_refuse_change();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Target',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=60)),
                ('legal_entity', models.CharField(blank=True, help_text='Its code; empty: all', max_length=16)),
                ('contract', models.CharField(blank=True, help_text='Its number; empty: all', max_length=60)),
                ('starts_on', models.DateField(help_text="Clocks that start on this day or later, by the legal entity's zone")),
                ('within', models.DecimalField(blank=True, decimal_places=2, help_text="In the clock's unit; empty: no target from this day on", max_digits=9, null=True, validators=[django.core.validators.MinValueValidator(0)])),
                ('warn_percent', models.PositiveSmallIntegerField(default=75, help_text='Warn when so much of it is used up; 100: no warning', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)])),
                ('reason', models.TextField(help_text='Why it is so, for whoever asks later')),
                ('recorded_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('set_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['kind', 'legal_entity', 'contract', '-starts_on', '-id'],
                'indexes': [models.Index(fields=['kind', '-starts_on', '-id'], name='target_latest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('within__isnull', True), ('within__gt', 0), _connector='OR'), name='target_within_positive'), models.CheckConstraint(condition=models.Q(('warn_percent__gte', 1), ('warn_percent__lte', 100)), name='target_warns_before'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='target_says_why')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
