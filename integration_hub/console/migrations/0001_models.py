import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('hub_console', '0001_sign_in_failures'), ('hub_console', '0002_selections')]

    initial = True

    dependencies = [
        ('hub_people', '0001_models'),
    ]

    operations = [
        migrations.CreateModel(
            name='SignInFailure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=150)),
                ('address', models.CharField(max_length=64)),
                ('failed_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
            options={
                'indexes': [models.Index(fields=['name', '-failed_at'], name='console_sign_in_failure')],
            },
        ),
        migrations.CreateModel(
            name='Selection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(max_length=40, unique=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('noun', models.CharField(max_length=40)),
                ('rows', models.JSONField(default=list)),
                ('told', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['created_at'], name='console_selection_age')],
            },
        ),
    ]
