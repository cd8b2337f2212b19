"""The operators' page, the command, and the progress of one job."""

from __future__ import annotations

import re
from io import StringIO
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import translation

from jobs import work
from jobs.models import Job
from jobs.states import State
from tests.pages import page_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def row(**fields: object) -> Job:
    return Job.objects.create(
        **{"kind": "test.kind", "queue": "watch", "dedupe_key": str(uuid4()), **fields}
    )


def failed_job() -> Job:
    return row(
        state=State.FAILED, finished_at=Now(), attempts=3, last_error="RuntimeError: <b>stuck</b>"
    )


@pytest.fixture
def operator(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    User = get_user_model()
    monkeypatch.setattr(User, "is_staff", True)
    client.force_login(User.objects.create(email="operator@example.org"))
    return client


@pytest.fixture
def visitor(client: Client) -> Client:
    client.force_login(get_user_model().objects.create(email="somebody@example.org"))
    return client


def test_operators_see_counts_errors_and_progress(operator: Client) -> None:
    job, running = failed_job(), row()
    mine = work.claim(running.id)
    assert mine is not None
    mine.progress(3, 7, "pages")
    with translation.override("en"):
        response = operator.get(reverse("jobs:overview"), headers={"accept-language": "en"})
    page = page_text(response)
    assert response.status_code == 200
    assert str(job.id) in page
    assert "&lt;b&gt;stuck" in page
    assert "3/7 pages" in page
    assert "no-store" in response["Cache-Control"]


def test_operators_page_costs_the_same_for_ten_jobs_and_twenty(
    operator: Client, django_assert_max_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            operator.get(reverse("jobs:overview"))
        return len(queries)

    for _ in range(10):
        failed_job()
    operator.get(reverse("jobs:overview"))
    ten = cost()
    for _ in range(10):
        failed_job()
    assert cost() == ten


def test_the_overview_keeps_itself_fresh_by_a_fragment(operator: Client) -> None:
    failed_job()
    fragment = page_text(operator.get(reverse("jobs:overview"), headers={"hx-request": "true"}))
    assert fragment.strip().startswith('<div id="work"')
    assert "<html" not in fragment
    assert 'hx-trigger="every 5s"' in page_text(operator.get(reverse("jobs:overview")))


def test_an_operator_can_try_again_and_give_up(operator: Client) -> None:
    job = failed_job()
    assert operator.post(reverse("jobs:retry", args=[job.id])).status_code == 302
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.QUEUED, 0)
    operator.post(reverse("jobs:retry", args=[job.id]))
    operator.post(reverse("jobs:cancel", args=[job.id]))
    job.refresh_from_db()
    assert job.state == State.CANCELLED
    assert operator.post(reverse("jobs:cancel", args=[job.id])).status_code == 302
    assert operator.post(reverse("jobs:retry", args=[uuid4()])).status_code == 404


def test_changes_are_made_by_post_only(operator: Client) -> None:
    job = failed_job()
    assert operator.get(reverse("jobs:retry", args=[job.id])).status_code == 405
    assert operator.get(reverse("jobs:cancel", args=[job.id])).status_code == 405


@pytest.mark.parametrize("name", ["overview", "retry", "cancel"])
def test_strangers_are_sent_to_sign_in_and_others_are_refused(
    client: Client, visitor: Client, name: str
) -> None:
    job = failed_job()
    url = reverse(f"jobs:{name}", args=[] if name == "overview" else [job.id])
    method = "get" if name == "overview" else "post"
    assert getattr(visitor, method)(url).status_code == 403
    answer = getattr(Client(), method)(url)
    assert answer.status_code == 302
    assert "/account/login/" in answer["Location"]
    job.refresh_from_db()
    assert job.state == State.FAILED


def test_progress_is_open_to_whoever_has_the_id_and_says_nothing_else(client: Client) -> None:
    job = row(payload={"submission": "secret-id"})
    mine = work.claim(job.id)
    assert mine is not None
    mine.progress(3, 7, "pages")
    assert client.get(reverse("jobs:progress-json", args=[job.id])).json() == {
        "state": "running",
        "done": 3,
        "total": 7,
    }
    page = client.get(reverse("jobs:progress", args=[job.id]), headers={"accept-language": "en"})
    text = page_text(page)
    assert "3 of 7" in text
    assert "test.kind" not in text
    assert "secret-id" not in text
    assert "pages" not in text
    assert '<noscript><meta http-equiv="refresh"' in text
    assert 'hx-trigger="every 2s"' in text
    assert "HX-Request" in page["Vary"]
    fragment = client.get(reverse("jobs:progress", args=[job.id]), headers={"hx-request": "true"})
    assert page_text(fragment).strip().startswith('<div id="progress"')
    assert b"http-equiv" not in fragment.content
    with mine.finish():
        pass
    assert client.get(reverse("jobs:progress-json", args=[job.id])).json() == {
        "state": "done",
        "done": 7,
        "total": 7,
    }
    ended = page_text(client.get(reverse("jobs:progress", args=[job.id])))
    assert not re.search("hx-|htmx|http-equiv=.refresh", ended), (
        "a job that ended is not asked for again"
    )


def test_a_failed_job_still_waits_as_far_as_the_public_can_tell(client: Client) -> None:
    answer = client.get(reverse("jobs:progress", args=[failed_job().id]))
    assert b"stuck" not in answer.content
    assert (
        client.get(reverse("jobs:progress-json", args=[failed_job().id])).json()["state"]
        == "queued"
    )


def test_no_job_no_progress(client: Client) -> None:
    assert client.get(reverse("jobs:progress", args=[uuid4()])).status_code == 404


def test_the_command_lists_tries_again_and_gives_up() -> None:
    job = failed_job()
    out = StringIO()
    call_command("jobs", stdout=out)
    assert str(job.id) in out.getvalue()
    assert "work does not go round" in out.getvalue()
    call_command("jobs", retry=job.id, stdout=out)
    job.refresh_from_db()
    assert job.state == State.QUEUED
    call_command("jobs", f"--cancel={job.id}", stdout=out)
    with pytest.raises(CommandError, match="is not failed"):
        call_command("jobs", f"--retry={job.id}", stdout=out)
