"""Log lines name nobody and open nothing."""

from __future__ import annotations

import json
import logging
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import logs
from config.logs import Json, PlainFormatter, clean, configuration


def record(message: str, *arguments: object, error: bool = False) -> logging.LogRecord:
    return logging.LogRecord(
        "django.request",
        logging.WARNING,
        __file__,
        1,
        message,
        arguments,
        sys.exc_info() if error else None,
    )


@pytest.mark.parametrize(
    "secret",
    [
        "owner@example.org", "o.w+n_er@mail.example.co.uk", "203.0.113.7", "2001:db8::7",
        "2001:db8:1:2:3:4:5:6", "::ffff:203.0.113.7",
        "sk_live_abcdef123456", "hunter2hunter2", "2f-c9s1-5d1c2b",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "sentence",
    [
        "could not reach postgresql://someone:{}@db.example/record", "Authorization: Bearer {}",
        "password={}", "'api_key': '{}'",
        "session_id={}; path=/", "Not Found: /account/password/reset/key/{}/",
        "GET /claims/?email={} HTTP/1.1", "X-Api-Key: {}",
    ],
)  # fmt: skip
def test_a_secret_in_a_telling_place_is_not_written(sentence: str, secret: str) -> None:
    assert secret not in clean(sentence.format(secret))


@pytest.mark.parametrize(
    "person", ["owner@example.org", "203.0.113.7", "2001:db8::7", "fe80::1%eth0", "1:2:3:4:5:6:7:8"]
)
def test_addresses_of_people_are_not_written_anywhere(person: str) -> None:
    assert clean(f"refused {person}, twice ({person})") in {
        "refused [address], twice ([address])",
        "refused [e-mail], twice ([e-mail])",
    }


@pytest.mark.parametrize(
    "word",
    [
        "00:15:42",
        "1.2.3",
        "evidence::looking",
        "django 5.2.8",
        "0198c0de-0000-7000-8000-000000000000",
        "a:b",
    ],
)
def test_ordinary_words_stay(word: str) -> None:
    assert clean(f"at {word} it ended") == f"at {word} it ended"


@given(st.text())
def test_a_line_is_one_line_whatever_is_in_it(text: str) -> None:
    line = Json().format(record("%s", text))
    assert json.loads(line)["level"] == "WARNING"
    assert line.isascii()
    assert line.isprintable()
    assert len(PlainFormatter().format(record("%s", text)).splitlines()) == 1


def test_a_forged_line_break_is_escaped() -> None:
    forged = 'GET /\r\n{"level": "INFO", "message": "all is well"}\x1b[2J'
    assert Json().format(record("%s", forged)).count("\n") == 0
    assert json.loads(Json().format(record("%s", forged)))["message"].startswith("GET /\r\n")
    assert "\\r\\n" in PlainFormatter().format(record("%s", forged))


def test_a_traceback_tells_where_and_not_what() -> None:
    def fails(password: str) -> None:
        raise ValueError(f"cannot sign in owner@example.org with password={password}")

    try:
        fails("hunter2hunter2")
    except ValueError:
        line = json.loads(Json().format(record("it failed", error=True)))
    assert line["error"] == "ValueError: cannot sign in [e-mail] with password=[secret]"
    assert any(frame.endswith(" fails") for frame in line["frames"])
    assert "hunter2" not in json.dumps(line)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="LOG_LEVEL is 'LOUD'"):
        configuration(level="LOUD")


@pytest.mark.parametrize(
    "unit", ["a.", "a-", "password-", "token ", "1:", "::", "://", "?", "a@", "[", "%"]
)
def test_a_long_text_of_a_strangers_costs_little_and_is_cut(unit: str) -> None:
    """It was three seconds for 8 kB once."""
    began = time.process_time()
    said = logs.clean(unit * 100_000)
    assert time.process_time() - began < 0.5
    assert len(said) <= logs.LONGEST + 40
    assert "characters cut]" in said


def test_nothing_that_is_cut_in_half_is_written_half() -> None:
    said = logs.clean(
        "x" * (logs.LONGEST - 30) + " then somebody@" + "example.org" + " " + "y" * 100
    )
    assert "somebody" not in said
    assert logs.clean("o" * 5000 + "@example.org") == " [5012 characters cut]"
    assert logs.clean("short") == "short"  # control


def test_an_address_at_the_end_of_a_sentence_is_not_written() -> None:
    assert logs.clean("It came from 192.0.2.7.") == "It came from [address]."
    assert logs.clean("version 1.2.3.4.5") == "version 1.2.3.4.5"
