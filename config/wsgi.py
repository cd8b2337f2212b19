"""The web server's entry. What stands in front of Django answers first: bytes that never change need no framework."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from django.core.wsgi import get_wsgi_application

django = get_wsgi_application()

from config.checks import refuse  # noqa: E402  needs Django's settings

refuse()

application = django
