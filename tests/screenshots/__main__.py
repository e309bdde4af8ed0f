"""`python -m tests.screenshots`, with Django ready: the people of the demo are named where the demo makes them."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
django.setup()

from tests.screenshots.command import main  # noqa: E402  needs Django

sys.exit(main(sys.argv[1:]))
