"""The client in a network where every address of the world answers: it is led to none but the
public ones.

What the other tests of fetching show with a resolver and a connection of their own, here glibc and
the kernel do (whole_world.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.engines.fetching.test_addresses import SPECIAL_CASES

pytestmark = pytest.mark.xdist_group("world")  # one world
ROOT = Path(__file__).resolve().parents[3]
NAMESPACE = ["unshare", "--net", "--mount", "--"]
UNREACHABLE = {
    "multicast",
    "broadcast",
    "link_local",
}  # no connection can be made to these from an ordinary socket, guard or not


def played(*how: str) -> dict[str, Any]:
    """What came of it, as whole_world.py tells it."""
    if (
        os.geteuid() != 0
        or not shutil.which("ip")
        or subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode
    ):
        pytest.skip(
            "a network namespace of the test's own needs root, unshare and ip, and a kernel that "
            "allows it"
        )
    done = subprocess.run(
        [*NAMESPACE, sys.executable, "-m", "tests.engines.fetching.whole_world", *how],
        cwd=ROOT,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    return played()


def wrong(cases: list[list[str]]) -> list[list[str]]:
    """Those that did not end as they must."""
    return [
        case
        for case in cases
        if not (case[3] == "refused" and case[2] in {case[4], "*"} and case[4])
        and not case[2] == case[4] == "here"
    ]


def test_no_way_leads_to_an_address_that_is_not_public(world: dict[str, Any]) -> None:
    seen = world["guarded"]
    assert seen["heard"] == []
    assert not wrong(seen["cases"])
    counts = Counter(case[0] for case in seen["cases"])
    assert counts["as it is written"] > 150
    assert counts["a name for it"] >= len(SPECIAL_CASES)
    assert counts["a redirect"] >= len(
        SPECIAL_CASES
    )  # by all five statuses: tests/soak/test_world.py
    assert {
        "a literal",
        "mixed answers",
        "a chain of aliases",
        "a name that changes its mind",
        "another method",
    } <= counts.keys()


def test_each_refusal_has_its_own_sentence_and_tells_no_address(world: dict[str, Any]) -> None:
    codes: dict[str, set[str]] = {}
    for _group, name, expected, kind, code, sentence in world["guarded"]["cases"]:
        if kind == "refused":
            codes.setdefault(sentence, set()).add(code)
            assert sentence.endswith(".")
            assert not any(
                word in sentence for word in name.split() if "." in word or "::" in word
            ), (sentence, name)
        else:
            assert expected == "here"
    assert len(codes) > 50
    assert all(len(each) == 1 for each in codes.values())


def test_what_was_refused_as_it_is_written_was_asked_of_nobody_and_a_name_is_asked_once(
    world: dict[str, Any],
) -> None:
    """The names of the refused addresses never went to the name server; only the page that
    redirects was asked for again and again."""
    asked = world["guarded"]["asked"]
    again = {
        name: times for name, times in asked.items() if times > 1 and name != "www.shop.example"
    }
    assert set(again.values()) == {2}, "on the way back, and nowhere else"
    assert len(again) == 3
    assert all(name.endswith(".shop.example") for name in asked)


def test_without_the_guard_every_such_address_hears(world: dict[str, Any]) -> None:
    """The negative control: had the client gone there, it would have been heard."""
    heard = {address for address, _ in world["unguarded"]["heard"]}
    assert {"127.0.0.1", "::1", "169.254.169.254", "10.0.0.0", "fd00:ec2::254"} <= heard
    expected = {address for address, code in SPECIAL_CASES if code not in UNREACHABLE} - {
        "0.0.0.0",
        "::",
        "240.0.0.0",
    }
    reached = {address for address in expected if address in heard}
    assert len(reached) > 0.9 * len(expected), sorted(expected - reached)
    assert world["unguarded"]["proxied"], "a client that heeds the environment does go to the proxy"


def test_a_client_that_asks_twice_is_led_astray(world: dict[str, Any]) -> None:
    """The negative control of resolving once and connecting to what was checked."""
    assert {address for address, _ in world["asking_twice"]["heard"]} == {
        "127.0.0.1",
        "::1",
        "169.254.169.254",
    }
