"""Ringing the broker's bell, without ever waiting for it.

A ring may be lost: the dispatcher rings again for every row that nobody took. So a ring never raises, and after one that
failed or was slow this process stays quiet for a few seconds instead of making every request wait for a broker that is down.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from uuid import UUID

from celery import current_app
from kombu import Connection
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

# A Unix socket or a neighbouring machine answers in a millisecond. One failed ring costs at most this, then it is quiet.
PATIENCE = 0.3
QUIET = 3.0
# OSError: no such socket, refused, timed out. OperationalError and RedisError: the same, as the libraries call it.
AWAY = (OSError, OperationalError, RedisError)

_local = threading.local()
_quiet_until = 0.0


def _connection() -> Connection:
    """This thread's own connection, made anew after a fork; connections are not for sharing."""
    if getattr(_local, "pid", None) != os.getpid():
        _local.pid = os.getpid()
        _local.connection = current_app.connection_for_write(
            connect_timeout=PATIENCE,
            transport_options={
                "socket_timeout": PATIENCE,
                "socket_connect_timeout": PATIENCE,
                "retry_on_timeout": False,
                "max_retries": 0,
                "interval_start": 0,
            },
        )
    connection: Connection = _local.connection
    return connection


def _client() -> Redis:
    client: Redis = _connection().default_channel.client  # type: ignore[attr-defined]  # only Redis channels have it
    return client


def hang_up() -> None:
    """Drop this thread's connection, and what is known about the broker being away."""
    global _quiet_until
    connection = getattr(_local, "connection", None)
    if connection is not None and _local.pid == os.getpid():
        connection.release()
    _local.pid = _local.connection = None
    _quiet_until = 0.0


def _away(error: Exception) -> None:
    global _quiet_until
    hang_up()
    _quiet_until = time.monotonic() + QUIET
    log.warning("The broker is away (%s); the dispatcher will ring later.", type(error).__name__)


def quiet() -> bool:
    """Whether ringing is pointless just now."""
    return time.monotonic() < _quiet_until


def ring(job_id: UUID, queue: str) -> bool:
    """Tell the workers of `queue` that the job is there. False when the broker could not be told; never raises for that."""
    return send("jobs.run", queue, str(job_id))


def send(task: str, queue: str, *arguments: str) -> bool:
    """Send the message of any task, with the same patience."""
    global _quiet_until
    if quiet():
        return False
    began = time.monotonic()
    try:
        producer = current_app.amqp.Producer(_connection(), auto_declare=False)
        current_app.send_task(task, args=list(arguments), queue=queue, producer=producer, retry=False, ignore_result=True)
    except AWAY as error:
        _away(error)
        return False
    if time.monotonic() - began > PATIENCE:
        _quiet_until = time.monotonic() + QUIET  # It came through, but a page must not wait that long again.
    return True


def depth(queue: str) -> int | None:
    """How many messages wait in `queue`; None when the broker does not answer."""
    if quiet():
        return None
    try:
        return int(_client().llen(queue))
    except AWAY as error:
        _away(error)
        return None


def answers() -> bool:
    """Whether the broker answers now."""
    try:
        return bool(_client().ping())
    except AWAY as error:
        _away(error)
        return False
