"""Celery: what a message holds, and how the workers are set up."""

from __future__ import annotations

import base64
import json

import pytest
from celery import current_app
from django.conf import settings

import config.celery
from jobs import messaging
from jobs.models import Job
from jobs.states import Queue
from tests.jobs import scene
from tests.jobs.conftest import committed


@committed
@pytest.mark.usefixtures("rows", "broker")
def test_a_message_holds_the_id_of_a_job_and_nothing_else() -> None:
    job = scene.file(key="a", submission="a-secret-id")
    (message,) = messaging._client().lrange("watch", 0, -1)
    assert b"a-secret-id" not in message
    body = json.loads(base64.b64decode(json.loads(message)["body"]))
    assert body[:2] == [[str(job.id)], {}]
    assert b"a-secret-id" not in base64.b64decode(json.loads(message)["body"])


@committed
@pytest.mark.usefixtures("rows", "broker")
def test_a_broker_that_is_full_is_as_good_as_away() -> None:
    messaging._client().config_set("maxmemory", 1)
    try:
        scene.file(key="a")
        assert messaging.circuit_open()
    finally:
        messaging.disconnect()
        messaging._client().config_set("maxmemory", 0)
    assert Job.objects.count() == 1


def test_our_app_is_the_current_one() -> None:
    assert current_app._get_current_object() is config.celery.app


def test_workers_acknowledge_late_take_one_at_a_time_and_end_softly() -> None:
    conf = config.celery.app.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.task_ignore_result
    assert conf.worker_prefetch_multiplier == 1
    assert conf.worker_soft_shutdown_timeout > 0
    assert not conf.worker_enable_remote_control
    assert set(conf.accept_content) == {"json"}, (
        "a pickle in the broker would run code in every worker"
    )
    assert 0 < conf.task_soft_time_limit < conf.task_time_limit


def test_a_message_is_not_given_to_another_while_its_job_may_run() -> None:
    conf = config.celery.app.conf
    places = (
        conf.broker_transport_options,
        conf.result_backend_transport_options,
        {"visibility_timeout": conf.visibility_timeout},
    )
    for place in places:
        assert place["visibility_timeout"] >= 2 * settings.CELERY_TASK_TIME_LIMIT


def test_every_queue_is_known_and_no_other_is_made() -> None:
    conf = config.celery.app.conf
    assert {queue.name for queue in conf.task_queues} == set(Queue.values)
    assert not conf.task_create_missing_queues


def test_the_house_has_three_tasks_and_beat_rings_only_for_two() -> None:
    config.celery.app.loader.import_default_modules()
    own = {name for name in config.celery.app.tasks if not name.startswith("celery.")}
    assert own <= {"jobs.run", "jobs.schedule_due", "ledger.sequence"}
    assert {entry["task"] for entry in config.celery.app.conf.beat_schedule.values()} == {
        "jobs.schedule_due",
        "ledger.sequence",
    }
