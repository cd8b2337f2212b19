"""The differences between versions that were asked for last, each worked out once: a long text
costs seconds."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.request import Request

from accounts.expensive_reads import ComputeOnce, count_expensive_read
from engines.text.diffing import Diff, diff
from evidence.sources.models import Version

_held: ComputeOnce[Diff] = ComputeOnce(32)


def cached_diff(request: HttpRequest | Request, old: Version, new: Version) -> Diff:
    """What changed from one version to another; neither may be withheld. Raises TooManyReadsError,
    where it has to be worked out."""

    def work_out() -> Diff:
        count_expensive_read(request)
        difference = diff(old.body, new.body)
        _ = difference.runs  # worked out only when asked for, and dear as well
        return difference

    return _held.get((old.pk, old.digest, new.pk, new.digest), work_out)
