"""Decisions keep the terms they were made under; the database refuses to change or remove them."""

import django.db.models.deletion
import integration_hub.kernel.clock
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION billing_agreed_terms_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The terms that work was decided under never change: other terms are a new row.'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER agreed_terms_fixed BEFORE UPDATE OR DELETE ON billing_agreedterms
    FOR EACH ROW EXECUTE FUNCTION billing_agreed_terms_refuse_change();
"""
BACKWARD = """
DROP TRIGGER agreed_terms_fixed ON billing_agreedterms;
DROP FUNCTION billing_agreed_terms_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0010_approvals_name_their_matrix'),
        ('contracts', '0005_retainer_terms'),
    ]

    operations = [
        migrations.CreateModel(
            name='AgreedTerms',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_hash', models.CharField(help_text='SHA-256 of the terms as canonical JSON', max_length=64)),
                ('terms', models.JSONField(help_text='See billing.engine.recorded')),
                ('recorded_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='agreed_terms', to='contracts.contract')),
            ],
            options={
                'verbose_name_plural': 'agreed terms',
            },
        ),
        migrations.AddField(
            model_name='decision',
            name='agreed',
            field=models.ForeignKey(blank=True, db_index=False, help_text='Its terms, whole; empty without a contract, and for what was decided before they were kept', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='billing.agreedterms'),
        ),
        migrations.AddConstraint(
            model_name='agreedterms',
            constraint=models.UniqueConstraint(fields=('contract', 'content_hash'), name='agreed_terms_once'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
