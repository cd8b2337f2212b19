"""Answers that cost much are made once, by one request at a time, and an address asks for so many
in a minute."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts import expensive_reads
from accounts.expensive_reads import ComputeOnce, TooManyReadsError
from tests import scenes


@pytest.fixture(autouse=True)
def _empty() -> None:
    cache.clear()
    expensive_reads._pictures_here._held.clear()


def test_of_many_who_ask_at_once_one_makes_it() -> None:
    made: list[int] = []
    once: ComputeOnce[int] = ComputeOnce(3)

    def make() -> int:
        made.append(1)
        time.sleep(0.05)  # long enough for the other threads to ask while it is made
        return len(made)

    threads = [threading.Thread(target=once.get, args=("key", make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (made, once.get("key", make)) == ([1], 1)
    assert not once._making


def test_the_last_few_are_held_and_a_failure_is_not() -> None:
    once: ComputeOnce[str] = ComputeOnce(2)
    for key in ("a", "b", "a", "c"):
        once.get(key, partial(str, key))
    assert list(once._held) == ["a", "c"]
    with pytest.raises(ZeroDivisionError):
        once.get("d", lambda: str(1 / 0))
    assert once.get("d", lambda: "made after all") == "made after all"


def test_whoever_has_a_network_of_ipv6_is_one_reader(settings) -> None:
    """A connection at home has 2^64 addresses: counted one by one they would be no limit."""
    settings.EXPENSIVE_READS = 3
    network = [f"2001:db8:0:1::{number:x}" for number in range(1, 9)]
    for address in network[:3]:
        expensive_reads.count_expensive_read(RequestFactory().get("/", REMOTE_ADDR=address))
    for address in [*network[3:], "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:0DB8:0:1::0"]:
        with pytest.raises(TooManyReadsError):
            expensive_reads.count_expensive_read(RequestFactory().get("/", REMOTE_ADDR=address))
    expensive_reads.count_expensive_read(
        RequestFactory().get("/", REMOTE_ADDR="2001:db8:0:2::1")
    )  # a neighbour
    for address in ("192.0.2.7", "::ffff:192.0.2.7", "192.0.2.7"):
        expensive_reads.count_expensive_read(RequestFactory().get("/", REMOTE_ADDR=address))
    with pytest.raises(TooManyReadsError):
        expensive_reads.count_expensive_read(
            RequestFactory().get("/", REMOTE_ADDR="::ffff:192.0.2.7")
        )
    expensive_reads.count_expensive_read(RequestFactory().get("/", REMOTE_ADDR="192.0.2.8"))


def test_an_address_is_told_to_wait_and_others_are_not(settings) -> None:
    settings.EXPENSIVE_READS = 3
    asked = RequestFactory().get("/", REMOTE_ADDR="203.0.113.1")
    for _ in range(3):
        expensive_reads.count_expensive_read(asked)
    with pytest.raises(TooManyReadsError) as refused:
        expensive_reads.count_expensive_read(asked)
    assert 0 < (refused.value.wait or 0) <= 60
    expensive_reads.count_expensive_read(RequestFactory().get("/", REMOTE_ADDR="203.0.113.2"))


def test_while_the_cache_is_away_reading_goes_on(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EXPENSIVE_READS = 1

    def away(*args: object, **kwargs: object) -> None:
        raise RedisConnectionError

    for name in ("add", "incr", "get", "set"):
        monkeypatch.setattr(type(cache._connections[cache._alias]), name, away)
    for number in range(3):
        assert (
            expensive_reads.cached_picture(
                RequestFactory().get("/"), "x", str(number), lambda: b"made"
            )
            == b"made"
        )


@pytest.mark.django_db
def test_pages_and_api_say_429_when_to_come_back_and_what_is_there_already_is_free(
    settings, client: Client
) -> None:
    scene = scenes.build_claim()
    card = f"/claims/{scene.claim.reference}/card.png"
    assert client.get(card).status_code == 200
    settings.EXPENSIVE_READS = 1
    cache.clear()
    assert client.get("/claims/?q=brakes").status_code == 200
    for address in (
        "/claims/?q=brakes",
        "/api/v1/claims/?q=brakes",
        f"/zh/claims/{scene.claim.reference}/card.png",
    ):
        answer = client.get(address)
        assert (answer.status_code, 0 < int(answer["Retry-After"]) <= 60) == (429, True), address
    assert client.get("/api/v1/claims/?q=brakes")["Content-Type"] == "application/problem+json"
    for address in (card, "/claims/", "/api/v1/claims/", "/api/v1/schema/"):
        assert client.get(address).status_code == 200, address
