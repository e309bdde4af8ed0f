import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('hub_intake', '0001_initial'), ('hub_intake', '0002_initial'), ('hub_intake', '0003_causes_and_rejections'), ('hub_intake', '0004_installed_and_applied'), ('hub_intake', '0005_certificates'), ('hub_intake', '0006_stopped_runs'), ('hub_intake', '0007_feed_shapes')]

    initial = True

    dependencies = [
        ('hub_connectors', '0001_models'),
        ('hub_people', '0001_models'),
    ]

    operations = [
        migrations.CreateModel(
            name='Feed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='feeds', to='hub_connectors.connection')),
                ('entity', models.CharField(help_text='Canonical entity.', max_length=40)),
                ('weight', models.PositiveSmallIntegerField(default=50, help_text='Parents first: lower is read earlier.')),
                ('cursor', models.JSONField(blank=True, default=dict)),
                ('every_seconds', models.PositiveIntegerField(default=60)),
                ('late_after_seconds', models.PositiveIntegerField(default=3600)),
                ('is_active', models.BooleanField(default=True)),
                ('due_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('installed_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('last_ok_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.TextField(blank=True)),
                ('last_error_class', models.CharField(blank=True, max_length=20)),
                ('failures_in_row', models.PositiveIntegerField(default=0)),
                ('ever_had_rows', models.BooleanField(default=False)),
                ('rescanned_at', models.DateTimeField(blank=True, editable=False, help_text='When it was last set to be read from the beginning.', null=True)),
                ('absence_limit_percent', models.PositiveSmallIntegerField(default=0, help_text='Largest share of records that may be closed because a complete listing does not name them; 0: none.')),
                ('mapping_seen', models.CharField(blank=True, editable=False, help_text='Mapping and value maps the refused records were tried with.', max_length=200)),
            ],
            options={
                'ordering': ['connection_id', 'weight', 'id'],
                'permissions': [('run_feed', 'Can read a feed now')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'entity'), name='intake_feed_once'), models.CheckConstraint(condition=models.Q(('absence_limit_percent__lte', 100)), name='intake_feed_absence_share')],
            },
        ),
        migrations.CreateModel(
            name='FeedShape',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shapes', to='hub_connectors.connection')),
                ('entity', models.CharField(max_length=40)),
                ('shape', models.JSONField(default=dict)),
                ('learnt_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('connection', 'entity'), name='intake_feed_shape_once')],
            },
        ),
        migrations.CreateModel(
            name='Listed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('feed', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='listed', to='hub_intake.feed')),
                ('source_id', models.CharField(max_length=120)),
            ],
            options={
                'verbose_name_plural': 'listed',
                'constraints': [models.UniqueConstraint(fields=('feed', 'source_id'), name='intake_listed_once')],
            },
        ),
        migrations.CreateModel(
            name='FeedDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('feed', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='days', to='hub_intake.feed')),
                ('day', models.DateField()),
                ('verdict', models.CharField(choices=[('complete', 'Complete'), ('short', 'Records are missing here'), ('surplus', 'More here than there'), ('unprovable', 'Not provable')], max_length=10)),
                ('basis', models.CharField(choices=[('ids', 'Each id compared'), ('count', 'Counts compared'), ('files', 'Manifests of the files'), ('none', 'Nothing to compare with')], max_length=5)),
                ('whole', models.BooleanField(default=False, help_text='All records are counted, not those changed on the day.')),
                ('expected', models.PositiveIntegerField(blank=True, help_text='Records the source says it has.', null=True)),
                ('seen', models.PositiveIntegerField(default=0, help_text='Records of them that are here.')),
                ('digest', models.CharField(blank=True, help_text='Of ids and contents that are here, in order.', max_length=64)),
                ('arrived', models.PositiveIntegerField(default=0, help_text='New versions that came in on the day.')),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('missing', models.JSONField(blank=True, default=list, help_text='Ids that are not here, up to 200.')),
                ('checks', models.PositiveIntegerField(default=1)),
                ('checked_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
            options={
                'ordering': ['-day', 'feed_id'],
                'indexes': [models.Index(fields=['-day', '-id'], name='intake_feed_day_recent')],
                'constraints': [models.UniqueConstraint(fields=('feed', 'day'), name='intake_feed_day_once'), models.CheckConstraint(condition=models.Q(models.Q(('expected__isnull', True), ('verdict', 'unprovable')), models.Q(models.Q(('verdict', 'unprovable'), _negated=True), ('expected__isnull', False)), _connector='OR'), name='intake_feed_day_expected_pair')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='hub_connectors.connection')),
                ('delivery_id', models.CharField(max_length=120)),
                ('body', models.BinaryField()),
                ('received_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('times_seen', models.PositiveIntegerField(default=1)),
                ('status', models.CharField(choices=[('received', 'Received'), ('handled', 'Handled'), ('refused', 'Refused')], default='received', max_length=10)),
                ('problem', models.CharField(blank=True, max_length=300)),
                ('last_seen_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(fields=('connection', 'delivery_id'), name='intake_delivery_once')],
            },
        ),
        migrations.CreateModel(
            name='Rejection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rejections', to='hub_connectors.connection')),
                ('day', models.DateField()),
                ('reason', models.CharField(max_length=60)),
                ('count', models.PositiveIntegerField(default=1)),
                ('last_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
            options={
                'ordering': ['-day', 'connection_id'],
                'constraints': [models.UniqueConstraint(fields=('connection', 'day', 'reason'), name='intake_rejection_once')],
            },
        ),
        migrations.CreateModel(
            name='FileDrop',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='hub_connectors.connection')),
                ('entity', models.CharField(max_length=40)),
                ('name', models.CharField(max_length=200)),
                ('sha256', models.CharField(help_text='Of the content, and of its companion where it has one.', max_length=64)),
                ('bytes', models.PositiveBigIntegerField()),
                ('path', models.CharField(max_length=500)),
                ('manifest', models.JSONField(blank=True, default=dict)),
                ('state', models.CharField(choices=[('previewed', 'Waiting to be applied'), ('applied', 'Applied'), ('refused', 'Refused')], default='previewed', max_length=10)),
                ('applied_at', models.DateTimeField(blank=True, null=True)),
                ('problem', models.TextField(blank=True)),
                ('dropped_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('dropped_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
            options={
                'ordering': ['-id'],
                'permissions': [('drop_file', 'Can drop and apply files')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'entity', 'sha256'), name='intake_file_once')],
            },
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('feed', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='hub_intake.feed')),
                ('trigger', models.CharField(max_length=20)),
                ('state', models.CharField(choices=[('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('stopped', 'Stopped')], default='running', max_length=8)),
                ('started_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('read', models.PositiveIntegerField(default=0)),
                ('applied', models.PositiveIntegerField(default=0)),
                ('unchanged', models.PositiveIntegerField(default=0)),
                ('stale', models.PositiveIntegerField(default=0)),
                ('conflicts', models.PositiveIntegerField(default=0)),
                ('parked', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('filtered', models.PositiveIntegerField(default=0)),
                ('control_totals', models.JSONField(default=dict)),
                ('error', models.TextField(blank=True)),
                ('error_class', models.CharField(blank=True, max_length=20)),
                ('stop_asked_by', models.CharField(blank=True, help_text='Who wants it to stop after its page.', max_length=150)),
                ('file', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='hub_intake.filedrop')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('state', 'running')), models.Q(models.Q(('state', 'running'), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='intake_run_finished_pair')],
            },
        ),
        migrations.CreateModel(
            name='SourceVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='source_versions', to='hub_connectors.connection')),
                ('entity', models.CharField(max_length=40)),
                ('source_id', models.CharField(max_length=120)),
                ('version', models.CharField(help_text="Ascending per record: the vendor's stamp, or a number.", max_length=60)),
                ('hash', models.CharField(max_length=64)),
                ('payload', models.JSONField()),
                ('deleted', models.BooleanField(default=False)),
                ('status', models.CharField(choices=[('received', 'Received'), ('applied', 'Applied'), ('stale', 'Older than what we have'), ('conflict', 'Same version, other content'), ('parked', 'Waits for its parent'), ('refused', 'Refused'), ('filtered', 'Left out by the row filter')], default='received', max_length=10)),
                ('problems', models.JSONField(blank=True, default=list)),
                ('waits_for', models.CharField(blank=True, help_text='connection/entity:source id of the missing parent', max_length=230)),
                ('case_code', models.CharField(blank=True, max_length=40)),
                ('root_cause', models.CharField(blank=True, help_text='Key of the one thing to fix; shared by its case.', max_length=200)),
                ('mapping_version', models.PositiveIntegerField(blank=True, null=True)),
                ('run', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='source_versions', to='hub_intake.run')),
                ('row_number', models.PositiveIntegerField(blank=True, help_text='Row of a file, header = 1.', null=True)),
                ('received_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('moved_at', models.DateTimeField(blank=True, help_text="The vendor's stamp its list is ordered by; none for files.", null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['connection', 'entity', 'moved_at'], name='intake_source_moved'), models.Index(condition=models.Q(('status', 'parked')), fields=['waits_for'], name='intake_source_parked'), models.Index(fields=['run', 'status'], name='intake_source_run'), models.Index(condition=models.Q(('root_cause', ''), _negated=True), fields=['case_code', 'root_cause'], name='intake_source_cause'), models.Index(fields=['source_id'], name='intake_source_by_id')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'entity', 'source_id', 'version', 'hash'), name='intake_source_version_once')],
            },
        ),
    ]
