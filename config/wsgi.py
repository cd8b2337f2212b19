"""The web server's entry. What stands in front of Django answers first: bytes that never change
need no framework."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from django.core.wsgi import get_wsgi_application

django = get_wsgi_application()

# Only now: these need Django's settings.
from django.conf import settings  # noqa: E402  see above

from config.checks import refuse, refuse_without_keys  # noqa: E402  see above
from config.inputs import Charset  # noqa: E402  see above
from config.public_pages import PageFront  # noqa: E402  see above
from config.verdict_fast_path import VerdictFastPath  # noqa: E402  see above
from reports.pages.page_cache import PageCache  # noqa: E402  see above

refuse()
refuse_without_keys()
pages = PageFront(
    Charset(django), PageCache(settings.PAGE_CACHE_BYTES), settings.SESSION_COOKIE_NAME
)
application = VerdictFastPath(pages, settings.PUBLISHED_DIR, settings.CONTENT_HOST)
