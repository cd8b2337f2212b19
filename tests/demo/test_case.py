"""The founding case in short: the same play, with the workers' work done in this process, against a
real company site on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

import jobs
from accounts.models import ApiKey, Membership, User
from claims.models import Aspect
from demo import brand_site
from demo.people import PEOPLE, logins
from demo.story import Case, StoryTimeoutError
from evidence.exhibits.models import Exhibit, Rendition, Submission
from evidence.sources.models import Version, Watch
from evidence.sources.tasks import watch
from evidence.stores import renditions
from jobs.models import Job
from ledger import unseal
from ledger.sequencing import sequence
from tests.system.processes import ROOT
from verdicts.models import Verdict

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "http://brand.example"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The company's site, as a real server; its address on loopback."""
    server = brand_site.server(0, tmp_path / "demo" / "company")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


class Workers:
    """What the workers do between two looks of the play: what is due, and what the clock brings."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.turns = 0

    def say(self, line: str) -> None:
        self.lines.append(line)

    def turn(self) -> None:
        self.turns += 1
        Watch.objects.update(next_look_at=timezone.now())
        with transaction.atomic():
            watch()
        Job.objects.filter(state="queued").update(run_after=timezone.now())
        jobs.drain()
        sequence()
        if self.turns > 200:
            raise StoryTimeoutError("two hundred turns were not enough")


@pytest.fixture
def workers(site: str, settings, tmp_path: Path, live_server) -> Workers:
    settings.FETCH_LOCAL = {"brand.example:80": site}
    settings.SITE_URL = live_server.url
    settings.KEYS_DIR = tmp_path / "keys"
    settings.DISAPPEARANCE_SPREAD = timedelta(0)
    settings.REPLY_WINDOW = timedelta(milliseconds=1)
    return Workers()


def told(workers: Workers, tmp_path: Path) -> dict[str, object]:
    return Case(tmp_path / "demo", ADDRESS, say=workers.say, turn=workers.turn).play()


@pytest.mark.slow
def test_the_case_ends_as_it_should_wherever_it_is_broken_off(
    workers: Workers, tmp_path: Path
) -> None:
    """Killed after each of its lines: the next telling goes on, and nothing is there twice.
    (Unbroken it is played by test_main.)"""

    class KilledError(Exception):
        pass

    for last in range(1, 12):

        def say(line: str, last: int = last) -> None:
            workers.say(line)
            if line.startswith(f"{last}/"):
                raise KilledError

        with pytest.raises(KilledError):
            Case(tmp_path / "demo", ADDRESS, say=say, turn=workers.turn).play()
    outcome = told(workers, tmp_path)
    counted = (Submission, Exhibit, Verdict)
    assert [model.objects.count() for model in counted] == [7, 19, 3]
    assert Version.objects.filter(source__url=ADDRESS + brand_site.POST_PATH).count() == 2
    assert [one["rating"] for one in outcome["verdicts"]] == ["not_delivered", "delivered"]
    assert [one["aspect"] for one in outcome["verdicts"]] == [
        "two ducts move air to the brakes",
        "the hood is carbon fibre",
    ]
    assert outcome["flags"] == ["company_silent", "deleted", "edited_after_publication"]
    assert any("version 2, 10 characters gone" in line for line in workers.lines)
    assert list(dict.fromkeys(line.partition("/")[0] for line in workers.lines)) == [
        str(number) for number in range(1, 13)
    ]
    report = json.loads((ROOT / outcome["report"]["json"]).read_text())
    assert report["claim"]["at_stake"]["amount"] == "42000"
    assert report["reconstruction"] is True
    conformity = report["aspects"][0]["conformity"]
    assert (conformity["units"], conformity["contributors"], conformity["laboratories"]) == (
        3,
        3,
        1,
    )
    assert conformity["decision"] == "does_not_conform"
    snapshot = json.loads((ROOT / outcome["snapshot"]).read_text())
    assert [brand_site.VANISHING in version["text"] for version in snapshot["versions"]] == [
        True,
        False,
    ]
    assert snapshot["disappearances"][0]["type"] == "tombstone"
    for name in (outcome["report"]["html"], *outcome["report"]["pdf"].values()):
        assert (ROOT / name).stat().st_size > 10_000
    assert outcome["versions"] == 4
    assert outcome["observations"] >= 9
    checked = subprocess.run(
        [sys.executable, "-m", "ledger.verify", "--key", outcome["key"], *outcome["bundles"],
        outcome["log"]],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr

    the_desk_has_work_left()
    nothing_of_the_owners_gets_out(tmp_path)
    everyone_can_sign_in(tmp_path)
    turns = workers.turns
    assert told(workers, tmp_path) == outcome
    assert workers.turns == turns, "told again, it waits for nothing"


def the_desk_has_work_left() -> None:
    """One of each step that a person takes: a submission, a point that may be judged, a proposal
    that waits for its second person."""
    waiting = Submission.objects.waiting().get()
    assert all(one.status == "ready" for one in waiting.exhibit_set.all())
    assert Verdict.objects.get(status="proposed").aspect.claim == waiting.claim
    assert Aspect.objects.get(claim=waiting.claim, number=2).progress == "in_review"
    assert not Verdict.objects.filter(aspect__claim=waiting.claim, status="published").exists()


def nothing_of_the_owners_gets_out(tmp_path: Path) -> None:
    """The place in the photos is sealed; copies have no metadata; no public file names a contact, a
    serial number or a file."""
    placed = [
        one
        for one in Exhibit.objects.all()
        if "gps_latitude" in json.loads(str(unseal(one, "metadata")))
    ]
    assert len(placed) >= 6
    for rendition in Rendition.objects.all():
        with renditions().open(rendition.digest) as file:
            assert b"Exif" not in file.read()
    secrets = [
        b"owners.example",
        b"DEMO-VIN",
        b"IMG_12",
        b"39.907",
        *(str(unseal(one, "digest")).encode() for one in Exhibit.objects.all()),
    ]
    public = [
        path
        for folder in ("demo/out", "ledger", "published")
        for path in (tmp_path / folder).rglob("*")
        if path.is_file()
    ]
    assert len(public) > 20
    for path in public:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path


def everyone_can_sign_in(tmp_path: Path) -> None:
    path = tmp_path / "demo" / "logins.json"
    assert path.stat().st_mode & 0o077 == 0
    passwords = {login["email"]: login["password"] for login in logins(path)}
    client = Client()
    answer = client.post(
        "/account/login/", {"login": PEOPLE[1].email, "password": passwords[PEOPLE[1].email]}
    )
    assert answer.status_code == 302, answer.content.decode()[:3000]
    assert client.session["_auth_user_id"] == str(User.objects.get(email=PEOPLE[1].email).pk)
    assert Membership.objects.count() == sum(len(person.roles) for person in PEOPLE)
    assert not ApiKey.objects.filter(revoked_at=None).exists()


def test_a_visitor_cannot_see_that_anyone_steers_the_site(site: str, tmp_path: Path) -> None:
    company = brand_site.Company(tmp_path / "demo" / "company")
    company.publish()
    for path in ("/state.json", "/../state.json", "/company", "/control", "/%2e%2e/state.json"):
        assert brand_site.page(path, company.read()).status == 404
    for stage in (company.publish, company.edit, company.delete):
        stage()
        pages = [
            brand_site.page(path, company.read()).body.decode()
            for path in (brand_site.POST_PATH, brand_site.PRODUCT_PATH, "/")
        ]
        assert all(brand_site.MARK in page for page in pages)
        assert not any("stage" in page or "demo" in page.lower() for page in pages)
