"""For `make bench`: the suite's settings, and the peers."""

from config.settings.test import *  # noqa: F403  settings files extend each other by name

INSTALLED_APPS = [*INSTALLED_APPS, "auditlog", "simple_history", "tests.benchmarks.peers"]  # noqa: F405  it came with the line above
