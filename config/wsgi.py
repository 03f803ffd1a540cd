"""The WSGI entry point."""

import os

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")

# A WSGI server runs no system checks of its own; unsafe settings must stop it, in words.
django.setup()
call_command("check")

application = get_wsgi_application()
