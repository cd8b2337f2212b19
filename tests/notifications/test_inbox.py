"""The inbox: newest first, one's own alone, read one by one or all at once."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from accounts.models import User
from notifications.models import Notification
from notifications.rendering import show
from notifications.views import SIZE
from tests.pages import page_text
from tests.scenes import person

pytestmark = pytest.mark.django_db
INBOX = "/account/notifications/"


def tell(user: User, count: int = 1, **more: object) -> list[Notification]:
    """Rows as `notifications.tell` writes them, the oldest first."""
    values = {"kind": "submission_accepted", "reference": "AC-1234567", **more}
    return [
        Notification.objects.create(
            recipient=user, object=uuid4(), created_at=timezone.now(), **values
        )
        for _ in range(count)
    ]


@pytest.fixture
def owner() -> User:
    return person("owner")


@pytest.fixture
def mine(owner: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(owner)
    return client


def test_an_empty_inbox_says_what_will_come(mine: Client) -> None:
    assert "No notifications yet." in page_text(mine.get(INBOX))


def test_the_inbox_leads_to_the_thing_and_counts_what_is_new(mine: Client, owner: User) -> None:
    tell(owner)
    page = page_text(mine.get(INBOX))
    assert 'href="/submissions/AC-1234567/"' in page
    assert "Notifications (1)" in page
    mine.post(INBOX + f"{Notification.objects.get().pk}/read/")
    page = page_text(mine.get(INBOX))
    assert "You have read everything." in page
    assert "Notifications (1)" not in page


def test_pages_of_the_inbox_hold_every_row_once(mine: Client, owner: User) -> None:
    rows = tell(owner, 2 * SIZE + 1)
    Notification.objects.update(created_at=timezone.now())  # all at the same moment
    address, seen = INBOX, []
    while address:
        page = page_text(mine.get(address))
        seen += re.findall(r"notifications/([0-9a-f-]{36})/read/", page)
        later = re.search(r'href="([^"]+)" rel="next"', page)
        address = later[1] if later else ""
    assert len(seen) == len(set(seen)) == len(rows)


def test_marking_all_leaves_what_came_after_the_page(mine: Client, owner: User) -> None:
    old = tell(owner, 3)
    new = tell(owner)[0]
    mine.post(INBOX + "read/", {"newest": str(old[-1].pk)})
    assert list(Notification.objects.unread()) == [new]


@pytest.mark.parametrize("named", ["", "x", "-" * 64, "0d9bed49-4972-4177-9c7c-284745b32691"])
def test_an_odd_place_in_the_inbox_is_its_beginning(mine: Client, owner: User, named: str) -> None:
    tell(owner)
    assert mine.get(INBOX, {"before": named}).status_code in {200, 400}
    assert mine.post(INBOX + "read/", {"newest": named}).status_code in {400, 404}


def test_nobody_reads_or_marks_what_another_was_told(mine: Client) -> None:
    row = tell(person("other"))[0]
    assert "AC-1234567" not in page_text(mine.get(INBOX))
    assert mine.post(INBOX + f"{row.pk}/read/").status_code == 404
    assert mine.post(INBOX + "read/", {"newest": str(row.pk)}).status_code == 404
    assert Notification.objects.unread().count() == 1


def test_a_long_inbox_asks_as_often_as_a_short_one(mine: Client, owner: User) -> None:
    counts = []
    for more in (2, 25):
        tell(owner, more)
        with CaptureQueriesContext(connection) as queries:
            mine.get(INBOX)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_count_is_in_the_private_fragment_and_ends_somewhere(mine: Client, owner: User) -> None:
    tell(owner, 101)
    page = page_text(mine.get("/account/fragment/?page=/claims/"))
    assert "Notifications (99+)" in page
    assert "Notifications" not in page_text(mine.get("/claims/"))


def test_a_row_is_read_in_the_language_of_the_page(owner: User) -> None:
    row = tell(owner)[0]
    with override("zh-hans"):
        shown = show(row)
    assert (shown.sentence, shown.url) == (
        "您提交的材料AC-1234567已采纳。",
        "/zh/submissions/AC-1234567/",
    )


def test_a_row_that_leads_nowhere_any_more_is_still_shown(owner: User) -> None:
    assert show(tell(owner, reference="a/b")[0]).url == ""
