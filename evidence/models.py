"""Where Django looks for the models of an app. Everyone else imports them from where they are
defined."""

from __future__ import annotations

from evidence.exhibits import models as exhibits
from evidence.sources import models as sources

__all__ = ["exhibits", "sources"]
