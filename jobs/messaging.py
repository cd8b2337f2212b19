"""Notify the broker without blocking.

A message may be lost: the dispatcher sends another for every row that nobody took. So sending never
raises, and after a call that failed or was slow the circuit breaker of this process stays open for
a few seconds, so that no request waits for a broker that is down.
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

# A Unix socket or a neighbouring machine answers in a millisecond. One failed call costs at most
# this, then the circuit is open.
TIMEOUT = 0.3
CIRCUIT_OPEN_SECONDS = 3.0
# OSError: no such socket, refused, timed out. OperationalError and RedisError: the same, as the
# libraries call it.
UNREACHABLE = (OSError, OperationalError, RedisError)

_local = threading.local()
_open_until = 0.0


def _connection() -> Connection:
    """This thread's own connection, made anew after a fork; connections are not for sharing."""
    if getattr(_local, "pid", None) != os.getpid():
        _local.pid = os.getpid()
        _local.connection = current_app.connection_for_write(
            connect_timeout=TIMEOUT,
            transport_options={
                "socket_timeout": TIMEOUT,
                "socket_connect_timeout": TIMEOUT,
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


def disconnect() -> None:
    """Drop this thread's connection, and what is known about the broker being away."""
    global _open_until
    connection = getattr(_local, "connection", None)
    if connection is not None and _local.pid == os.getpid():
        connection.release()
    _local.pid = _local.connection = None
    _open_until = 0.0


def _open_circuit(error: Exception) -> None:
    global _open_until
    disconnect()
    _open_until = time.monotonic() + CIRCUIT_OPEN_SECONDS
    log.warning("The broker is away (%s); the dispatcher will notify later.", type(error).__name__)


def circuit_open() -> bool:
    """Whether nothing is sent just now, because the broker did not answer a moment ago."""
    return time.monotonic() < _open_until


def notify(job_id: UUID, queue: str) -> bool:
    """Tell the workers of `queue` that the job is there. False when the broker could not be told;
    never raises for that."""
    return send("jobs.run", queue, str(job_id))


def send(task: str, queue: str, *arguments: str) -> bool:
    """Send the message of any task, with the same timeout."""
    global _open_until
    if circuit_open():
        return False
    began = time.monotonic()
    try:
        producer = current_app.amqp.Producer(_connection(), auto_declare=False)
        current_app.send_task(
            task,
            args=list(arguments),
            queue=queue,
            producer=producer,
            retry=False,
            ignore_result=True,
        )
    except UNREACHABLE as error:
        _open_circuit(error)
        return False
    if time.monotonic() - began > TIMEOUT:
        _open_until = (
            time.monotonic() + CIRCUIT_OPEN_SECONDS
        )  # It came through, but a page must not wait that long again.
    return True


def queue_depth(queue: str) -> int | None:
    """How many messages wait in `queue`; None when the broker does not answer."""
    if circuit_open():
        return None
    try:
        return int(_client().llen(queue))
    except UNREACHABLE as error:
        _open_circuit(error)
        return None


def broker_reachable() -> bool:
    """Whether the broker answers now."""
    try:
        return bool(_client().ping())
    except UNREACHABLE as error:
        _open_circuit(error)
        return False
