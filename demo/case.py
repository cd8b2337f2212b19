"""Plays the founding case, as a program of the demonstration.

    python -m demo.case

Progress goes to standard error. The last thing, on standard output, is one line of JSON with what
came of it:

    {"claim": {"id", "url"}, "verdicts": [{"id", "aspect", "rating"}], "flags": [], "report":
    {"json", "html", "pdf": {"en", "zh"}},
     "snapshot": path, "bundles": [paths], "log": folder, "key": verifier key, "versions": n,
     "observations": n, "seconds": s}

with paths relative to the project. Exit code 0, or 1 with a sentence that names what never came. It
can be killed at any point and started again (see `story`).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from urllib.error import URLError

import django
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from demo import COMPANY_HOST

_POLL = 0.2
_AWAY = 120.0  # how long the database or the site may be away, all told


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


def main() -> int:
    django.setup()
    from demo.story import (
        Case,
        StoryTimeoutError,
    )  # its models can only be loaded when Django is set up

    folder = Path(settings.DATA_DIR) / "demo"
    until = time.monotonic() + _AWAY
    while True:
        try:
            outcome = Case(
                folder,
                f"http://{COMPANY_HOST.partition(':')[0]}",
                say=_say,
                turn=lambda: time.sleep(_POLL),
            ).play()
        except StoryTimeoutError as error:
            _say(str(error))
            return 1
        except (OperationalError, InterfaceError, URLError) as error:
            if time.monotonic() > until:
                raise
            _say(f"database or site are away ({type(error).__name__}); going on when they are back")
            connection.close()
            time.sleep(1)
            continue
        sys.stdout.write(json.dumps(outcome, ensure_ascii=False) + "\n")
        return 0


if __name__ == "__main__":
    sys.exit(main())
