"""The differences between versions that were asked for last, each worked out once: a long text costs seconds."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.request import Request

from accounts.dear import Once, spend
from engines.text.diffing import Diff, diff
from evidence.sources.models import Version

_held: Once[Diff] = Once(32)


def compared(request: HttpRequest | Request, old: Version, new: Version) -> Diff:
    """What changed from one version to another; neither may be withheld. Raises TooManyReads, where it has to be worked out."""

    def work_out() -> Diff:
        spend(request)
        found = diff(old.body, new.body)
        _ = found.runs  # worked out only when asked for, and dear as well
        return found

    return _held.get((old.pk, old.digest, new.pk, new.digest), work_out)
