"""For `make bench`: the suite's settings, and the peers."""

from importlib.util import find_spec

from config.settings.test import *  # noqa: F403  settings files extend each other by name

if find_spec("auditlog") and find_spec(
    "simple_history"
):  # `make bench` installs them; without them the rest is measured
    INSTALLED_APPS = [*INSTALLED_APPS, "auditlog", "simple_history", "tests.benchmarks.peers"]  # noqa: F405  it came with the line above
