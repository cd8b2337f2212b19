"""What is played in the demonstration: people and the company act, and everything else is found by
the workers over real HTTP.

It plays *only* people and the company, through the actions and the API that everyone uses, and
waits for what the workers find: the first captures, the edit after publication, the words no longer
there, the photos read, the page no longer available, the deadline without a reply, the reports.

Each step begins by looking whether it was done, by the natural keys of what it makes, so the play
can be broken off anywhere and begun again; when everything is there it returns at once.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import time
import urllib.request
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from accounts import actions as accounts
from accounts.models import ApiKey, Scope, User
from claims import actions as claims
from claims.models import (
    Appearance,
    Aspect,
    Claim,
    Company,
    EntityRole,
    Flag,
    LegalEntity,
    Product,
    ProductOption,
    Series,
    SeriesNote,
    Source,
)
from claims.states import FlagKind
from demo import brand_site, papers, pictures, regions, second, texts
from demo.casting import cast, organisation
from engines.text.diffing import diff
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit, Submission
from evidence.exhibits.states import ExhibitStatus, SubmissionStatus
from evidence.sources import actions as source_actions
from evidence.sources.models import Disappearance, Observation, Sighting, Version
from evidence.sources.states import DisappearanceStatus, SightingKind
from ledger.files import LogFiles, export
from ledger.proofs import published
from ledger.recording import SYSTEM
from reports.documents import report_files
from reports.models import Report, ReportFile, ReportKind
from verdicts import actions as verdicts
from verdicts.models import Finding, Incident, Invitation, Occurrence, Verdict
from verdicts.states import Conclusion, InvitationStatus, Rating, VerdictStatus

STEPS: Final = 12
PATIENCE: Final = 120.0
#: Owner, unit, serial number, what the anemometer said and its standard uncertainty, in m/s.
UNITS: Final = (
    ("owner-a", "车 A", "DEMO-VIN-0001", "0.03", "0.02"),
    ("owner-b", "车 B", "DEMO-VIN-0002", "0.01", "0.015"),
    ("owner-c", "车 C", "DEMO-VIN-0003", "0.04", "0.025"),
)
KINDS: Final = ("inlet", "cavity", "blower", "weave")
FLAGS: Final = {FlagKind.EDITED_AFTER_PUBLICATION, FlagKind.DELETED, FlagKind.COMPANY_SILENT}


class StoryTimeoutError(Exception):
    """A fact that the workers should have found did not come in time; says which."""


class Case:
    """One telling of the case, in `folder`; the company's pages stand at `address`.

    `say` is given each line of progress; `turn` is called while waiting: a test does the workers'
    work in it.
    """

    def __init__(
        self, folder: Path, address: str, *, say: Callable[[str], None], turn: Callable[[], None]
    ) -> None:
        self.folder = folder
        self.address = address
        self.say = say
        self.turn = turn
        self.site = brand_site.Company(folder / "company")
        self.out = folder / "out"
        self.people: dict[str, User] = {}

    def play(self) -> dict[str, Any]:
        """All twelve steps, or what came of them if they were played before. Raises
        StoryTimeoutError."""
        summary = self._told_before()
        if summary is not None:
            return summary
        self.people = cast(self.folder / "logins.json", self.address, timezone.now())
        self._done(1, f"{len(self.people)} people have their accounts")
        self.site.publish()
        self._done(2, "the company published the post, the product page and the order page")
        claim = self._register()
        self._done(3, f"the claim is registered: {claim.reference}")
        post = Source.objects.get(url=self.address + brand_site.POST_PATH)
        self._first_captures(claim)
        self._file(claim)
        self._edit(claim, post)
        self._read(claim)
        self._judge(claim)
        self._invite(claim)
        self._take_down(claim, post)
        self._conclude(claim)
        return self._hand_out(claim, post)

    # --- the company, what it says, and the claim -------------------------------------------------

    def _register(self) -> Claim:
        by, now = self.people["moderator"], timezone.now()
        company = Company.objects.filter(website=f"{self.address}/").first() or claims.add_company(
            by=by, name=texts.COMPANY_NAME, website=f"{self.address}/", now=now
        )
        claims.represent_company(
            by=SYSTEM, company=company, organisation=organisation("company"), now=now
        )
        product = Product.objects.filter(company=company).first() or claims.add_product(
            by=by, company=company, name=texts.PRODUCT_NAME, launched_date=papers.LAUNCHED, now=now
        )
        option = ProductOption.objects.filter(product=product).first() or claims.add_option(
            by=by,
            product=product,
            name=texts.OPTION_NAME,
            price=Decimal("42000.00"),
            currency="CNY",
            priced_date=now.date(),
            now=now,
        )
        said_at = datetime.fromisoformat(self.site.read()["published_at"])
        post = self._source(
            company, "social_post", texts.POST_NAME, brand_site.POST_PATH, said_at, texts.FOUNDER
        )
        page = self._source(
            company, "product_page", texts.PRODUCT_PAGE_NAME, brand_site.PRODUCT_PATH, said_at
        )
        order = self._source(
            company, "order_page", texts.ORDER_PAGE_NAME, brand_site.ORDER_PATH, said_at
        )
        handed_in = {key: self._handed_in(company, paper) for key, paper in papers.PAPERS.items()}
        self._entities(company, product, {**handed_in, "order": order})
        claim = Claim.objects.filter(product=product,
            quote=brand_site.QUOTE).first() or claims.register_claim(
            by=by, product=product, option=option, quote=brand_site.QUOTE, quote_lang="zh-Hans",
            summary=texts.SUMMARY, made_at=said_at,
            quote_translation=texts.QUOTE_IN_ENGLISH, reconstruction=True, now=timezone.now(),
            aspects=[
                claims.NewAspect(
                    "function", texts.DUCTS,
                    criterion=claims.NewCriterion(
                        property=texts.PROPERTY, comparator="at_least", value=Decimal("1.5"),
                        unit="m/s", conditions=texts.CONDITIONS,
                        basis=texts.BASIS,
                    ),
                ),
                claims.NewAspect("appearance", texts.CARBON),
            ],
        )  # fmt: skip
        puffery = Claim.objects.filter(product=product,
            quote=brand_site.PUFFERY).first() or claims.register_claim(
            by=by, product=product, quote=brand_site.PUFFERY, quote_lang="zh-Hans",
            summary=texts.PUFFERY_SUMMARY, kind="puffery",
            quote_translation=texts.PUFFERY_IN_ENGLISH, aspects=[], made_at=said_at,
            reconstruction=True, now=timezone.now(),
        )  # fmt: skip
        for what, where, words in (
            (claim, post, brand_site.QUOTE),
            (claim, page, brand_site.ON_THE_PRODUCT_PAGE),
            (claim, order, brand_site.ON_THE_ORDER_PAGE),
            (puffery, post, brand_site.PUFFERY),
        ):
            claims.place_claim(by=by, claim=what, source=where, exact=words, now=timezone.now())
        claims.place_claim(
            by=by,
            claim=claim,
            source=handed_in["stage"],
            exact=papers.ON_STAGE,
            fragment="t=754,761",
            now=timezone.now(),
        )
        claims.place_claim(
            by=by, claim=claim, source=handed_in["contract"], stance="no_mention",
            note=papers.NOTES["hood in the contract"],
            now=timezone.now(),
        )  # fmt: skip
        self._purchase(product, handed_in, post, order)
        self._incident(company, handed_in)
        self._market(company, handed_in)
        return claim

    def _handed_in(self, company: Company, paper: papers.Paper) -> Source:
        """A text without an address, kept as a saved copy from the day on which it was said."""
        by = self.people["moderator"]
        source = Source.objects.filter(company=company, url="",
            title=paper.title).first() or claims.add_source(
            by=by, company=company, channel=paper.channel, title=paper.title, speaker=paper.speaker,
            published_at=paper.said_at,
            now=timezone.now(),
        )  # fmt: skip
        source_actions.upload_capture(
            by=by, source=source, content=paper.content, content_type=papers.TYPE,
            captured_at=paper.said_at, note=papers.NOTE,
            now=timezone.now(),
        )  # fmt: skip
        return source

    def _purchase(
        self, product: Product, handed_in: dict[str, Source], post: Source, order: Source
    ) -> None:
        """The second claim: the balance may be paid when the car arrives. Said in a chat; contract
        and app say otherwise."""
        by = self.people["moderator"]
        claim = Claim.objects.filter(product=product,
            quote=papers.PAY_LATER).first() or claims.register_claim(
            by=by, product=product, quote=papers.PAY_LATER, quote_lang="zh-Hans",
            summary=papers.CLAIM_SUMMARY, stake=papers.DEPOSIT,
            currency="CNY", made_at=papers.CHAT.said_at,
            quote_translation=papers.PAY_LATER_IN_ENGLISH, reconstruction=True,
            now=timezone.now(),
            aspects=[claims.NewAspect("process", papers.BALANCE),
            claims.NewAspect("date", papers.WEEKS)],
        )  # fmt: skip
        for source, stance, words, note in (
            (handed_in["chat"], "says_so", papers.PAY_LATER, None),
            (handed_in["stage"], "no_mention", "", "paying on stage"),
            (post, "no_mention", "", "paying in the post"),
            (order, "no_mention", "", "paying on the order page"),
            (
                handed_in["contract"],
                "says_otherwise",
                papers.IN_THE_CONTRACT,
                "paying in the contract",
            ),
            (handed_in["app"], "says_otherwise", papers.IN_THE_APP, "paying in the app"),
        ):
            claims.place_claim(
                by=by, claim=claim, source=source, stance=stance, exact=words,
                note=papers.NOTES[note] if note else None,
                now=timezone.now(),
            )  # fmt: skip

    def _incident(self, company: Company, handed_in: dict[str, Source]) -> None:
        """The crash, and who did what afterwards."""
        by = self.people["moderator"]
        incident = Incident.objects.filter(company=company).first() or verdicts.open_incident(
            by=by,
            company=company,
            title=papers.CRASH,
            summary=papers.CRASH_SUMMARY,
            reconstruction=True,
            now=timezone.now(),
        )
        places = {id(paper): handed_in[key] for key, paper in papers.PAPERS.items()}
        for kind, actor, happened_at, exact_to, text, paper in papers.CHAIN:
            if not Occurrence.objects.filter(
                incident=incident, kind=kind, actor=actor, happened_at=happened_at
            ).exists():
                verdicts.add_event(
                    by=by, incident=incident, kind=kind, actor=actor, happened_at=happened_at,
                    exact_to=exact_to, text=text,
                    source=places.get(id(paper)), now=timezone.now(),
                )  # fmt: skip

    def _market(self, company: Company, handed_in: dict[str, Source]) -> None:
        """The market value over two months, and a headline that states another difference than the
        figures give."""
        by = self.people["moderator"]
        series = Series.objects.filter(company=company).first() or claims.add_series(
            by=by,
            company=company,
            name=papers.VALUE_NAME,
            unit=papers.VALUE_UNIT,
            reconstruction=True,
            now=timezone.now(),
        )
        days = [date.fromisoformat(day) for day, _value in papers.VALUES]
        for day, (_day, value) in zip(days, papers.VALUES, strict=True):
            claims.add_point(
                by=by,
                series=series,
                source=handed_in["market"],
                on_date=day,
                value=Decimal(value),
                now=timezone.now(),
            )
        if SeriesNote.objects.filter(series=series).count() < 2:
            noted = set(
                SeriesNote.objects.filter(series=series).values_list("from_date", flat=True)
            )
            if days[0] not in noted:
                claims.annotate_series(
                    by=by, series=series, text=papers.LOSS, from_date=days[0], until_date=days[-1],
                    stated_value=papers.LOSS_STATED,
                    source=handed_in["headline"], now=timezone.now(),
                )  # fmt: skip
            if papers.APP.said_at.date() not in noted:
                claims.annotate_series(
                    by=by, series=series, text=papers.APP_DAY, from_date=papers.APP.said_at.date(),
                    source=handed_in["app"],
                    now=timezone.now(),
                )  # fmt: skip

    def _source(
        self,
        company: Company,
        channel: str,
        title: dict[str, Any],
        path: str,
        at: datetime,
        speaker: dict[str, Any] | None = None,
    ) -> Source:
        return claims.add_source(
            by=self.people["moderator"], company=company, channel=channel, title=title,
            url=self.address + path, speaker=speaker,
            published_at=at, now=timezone.now(),
        )  # fmt: skip

    def _entities(self, company: Company, product: Product, sources: dict[str, Source]) -> None:
        """Three legal persons: who said it, made it, sold it, took the money, signed, answers,
        services."""
        by, entities = self.people["moderator"], {}
        for number, (key, name) in enumerate(texts.ENTITIES.items(), start=1):
            registration = f"DEMO-{number:04}"
            entities[key] = LegalEntity.objects.filter(company=company,
                registration=registration).first() or claims.add_entity(
                by=by, company=company, name=name, jurisdiction="CN", registration=registration,
                seat=papers.SEATS[key],
                now=timezone.now(),
            )  # fmt: skip
        for key, kind, where, note in papers.ROLES:
            if not EntityRole.objects.filter(entity=entities[key], kind=kind).exists():
                claims.give_entity_role(
                    by=by, entity=entities[key], kind=kind, product=product, from_date=papers.SINCE,
                    note=note,
                    source=sources[where] if where else None, now=timezone.now(),
                )  # fmt: skip

    def _first_captures(self, claim: Claim) -> None:
        def captured() -> bool:
            watched = Appearance.objects.filter(claim=claim).exclude(source__url="")
            verbatim = Sighting.objects.filter(
                appearance__in=watched, version__number=1, kind=SightingKind.VERBATIM
            )
            return verbatim.count() == watched.count()

        self._wait("the first captures, with the claim in each source word for word", captured)
        self._done(4, "the three sources are captured, the claim stands in each")

    # --- what owners hand in ----------------------------------------------------------------------

    def _file(self, claim: Claim) -> None:
        ducts = Aspect.objects.get(claim=claim, number=1)
        for number, (owner, unit, serial, reading, uncertainty) in enumerate(UNITS):
            by, key = self.people[owner], f"demo:{owner}"
            if Submission.objects.filter(filed_by=by, idempotency_key=key).exists():
                continue
            today = timezone.now().date()
            photos: list[filing.NewPhoto] = []
            for kind, content in self._drawn(number, unit, reading).items():
                stored = filing.receive(io.BytesIO(content))
                photos.append(
                    filing.NewPhoto(
                        stored, f"IMG_{1200 + 10 * number + len(photos)}", texts.CAPTIONS[kind]
                    )
                )
            groups = {"owner-a": "group-a", "owner-b": "group-b"}
            filing.file_submission(
                by=by, claim=claim, narrative=texts.NARRATIVES[number], narrative_lang="zh-Hans",
                licence="cc-by-4.0", photos=photos,
                contact=f"{owner}@owners.example", idempotency_key=key, now=timezone.now(),
                organisation=organisation(groups[owner]) if owner in groups else None,
                teardown=filing.NewTeardown(
                    title=texts.TEARDOWN, unit_label=unit, serial=serial, performed_date=today,
                    laboratory=organisation("laboratory") if owner == "owner-c" else None,
                    steps=[
                        filing.NewStep(done=done, seen=seen, part=part, photo=photo)
                        for photo, (_kind, part, done, seen) in enumerate(texts.STEPS, start=1)
                    ],
                    measurements=[
                        filing.NewMeasurement(
                            aspect=ducts, quantity=texts.QUANTITY, value=Decimal(reading),
                            standard_uncertainty=Decimal(uncertainty),
                            unit_name="m/s", instrument=texts.INSTRUMENT, method=texts.METHOD,
                            conditions=texts.CONDITIONS,
                            measured_date=today,
                        )
                    ],
                ),
            )  # fmt: skip
        self._file_by_key(claim)
        regions.file_pair(self.people["owner-b"], organisation("group-b"), claim, timezone.now())
        second.hand_in(self.people)
        self._done(
            5,
            f"owners filed {Submission.objects.filter(claim__product=claim.product).count()} "
            f"submissions, one of them by API key",
        )

    def _drawn(self, number: int, unit: str, reading: str) -> dict[str, bytes]:
        """The four photos of one owner, the first owner's with the place where they were taken, as
        phones write it."""
        taken = timezone.now().date() if number != 1 else None
        return {
            "inlet": pictures.jpeg(pictures.inlet(unit, 10 + number), taken=taken),
            "cavity": pictures.jpeg(pictures.cavity(unit, 20 + number), taken=taken),
            "blower": pictures.jpeg(pictures.blower(unit, 30 + number, reading), taken=taken),
            "weave": pictures.png(pictures.weave(unit, 40 + number)),
        }

    def _file_by_key(self, claim: Claim) -> None:
        """The owners' group files the receipt by its program: over HTTP, with a key that is revoked
        when it is done."""
        by, label, once = self.people["owner-a"], "demonstration", "demo:receipt"
        if not Submission.objects.filter(filed_by=by, idempotency_key=once).exists():
            _key, secret = accounts.create_key(
                by=by, label=label, scopes=[Scope.READ, Scope.SUBMIT], now=timezone.now()
            )
            fields = {
                "claim": str(claim.pk), "narrative": texts.RECEIPT, "narrative_lang": "zh-Hans",
                "licence": "cc-by-4.0",
                "contact": "owner-a@owners.example",
            }  # fmt: skip
            photo = pictures.jpeg(pictures.receipt("", 50), taken=timezone.now().date())
            _post(
                f"{settings.SITE_URL}/api/v1/submissions/",
                fields,
                {"photos": ("receipt.jpg", photo)},
                key=secret,
                once=once,
            )
        for key in ApiKey.objects.usable(timezone.now()).filter(user=by, label=label):
            accounts.revoke_key(by=by, key=key, now=timezone.now())

    # --- what the workers find, and what moderators make of it ------------------------------------

    def _edit(self, claim: Claim, post: Source) -> None:
        self.site.edit()
        self._wait(
            "the edit of the post",
            lambda: Version.objects.filter(source=post, number__gte=2).exists(),
        )
        self._wait(
            "the flag that the claim's words were edited",
            lambda: self._raised(claim, FlagKind.EDITED_AFTER_PUBLICATION),
        )
        old, new = Version.objects.filter(source=post).in_order()[:2]
        gone = diff(old.body, new.body).characters_gone
        self._done(6, f"the edit was found (version {new.number}, {gone} characters gone)")

    def _read(self, claim: Claim) -> None:
        exhibits = Exhibit.objects.filter(submission__claim__product=claim.product)
        self._wait(
            "the photos read in the decoder",
            lambda: not exhibits.filter(status=ExhibitStatus.STORED).exists(),
        )
        ready = exhibits.filter(status=ExhibitStatus.READY).count()
        if ready != exhibits.count():
            raise StoryTimeoutError(
                f"{exhibits.count() - ready} of {exhibits.count()} photos could not be read"
            )
        self._done(7, f"{ready} photos are read; none of their copies holds metadata")

    def _judge(self, claim: Claim) -> None:
        """Moderators accept and grade, then say what the exhibits mean for each aspect."""
        for submission in Submission.objects.filter(
            claim=claim, status=SubmissionStatus.RECEIVED
        ).order_by("pk"):
            exhibits = Exhibit.objects.filter(submission=submission)
            uncaptioned = exhibits.filter(caption={})
            grade = ("B", "2", texts.GRADE)
            filing.decide_submission(
                by=self.people["moderator"], submission=submission,
                decision=SubmissionStatus.ACCEPTED, reason=texts.ACCEPTED,
                now=timezone.now(),
                grades={str(exhibit.pk): grade for exhibit in exhibits},
                captions={str(exhibit.pk): texts.CAPTIONS["receipt"] for exhibit in uncaptioned},
            )  # fmt: skip
        by = self.people["moderator2"]
        for number, conclusion, reasoning in (
            (1, Conclusion.CONTRADICTS, texts.FOUND_DUCTS),
            (2, Conclusion.SUPPORTS, texts.FOUND_CARBON),
        ):
            aspect = Aspect.objects.select_related("claim").get(claim=claim, number=number)
            if not Finding.objects.filter(aspect=aspect, moderator=by).exists():
                verdicts.record_finding(
                    by=by,
                    aspect=aspect,
                    conclusion=conclusion,
                    reasoning=reasoning,
                    exhibits=self._exhibits(claim, number),
                    now=timezone.now(),
                )
        regions.point(self.people["moderator"], claim)
        second.judge(self.people)
        self._done(
            8, "moderation accepted and graded the evidence; there is a finding on each aspect"
        )

    def _exhibits(self, claim: Claim, number: int) -> list[Exhibit]:
        """The photos that speak to an aspect: of the ducts for the first, of the skin for the
        second."""
        captions = [
            texts.CAPTIONS[kind]["text"]
            for kind in (("inlet", "cavity", "blower") if number == 1 else ("weave",))
        ]
        rows = (
            Exhibit.objects.public()
            .filter(submission__claim=claim)
            .select_related("submission")
            .order_by("reference")
        )
        return [row for row in rows if row.caption.get("text") in captions]

    def _invite(self, claim: Claim) -> None:
        if not Invitation.objects.filter(claim=claim).exists():
            verdicts.request_reply(
                by=self.people["moderator"],
                claim=claim,
                allegation=texts.ALLEGATION,
                now=timezone.now(),
            )
        second.ask(self.people)
        until = Invitation.objects.filter(claim=claim).latest("sent_at").deadline_at
        self._done(9, f"the company is invited to answer until {until:%H:%M:%S} UTC")

    def _take_down(self, claim: Claim, post: Source) -> None:
        self.site.delete()
        gone = Disappearance.objects.filter(source=post, status=DisappearanceStatus.CONFIRMED)
        self._wait("the disappearance of the post, confirmed by several looks", gone.exists)
        self._wait("the flag that the post is gone", lambda: self._raised(claim, FlagKind.DELETED))
        row = gone.get()
        self._done(10, f"the post is gone ({row.type}), confirmed by {row.confirmations} looks")

    def _conclude(self, claim: Claim) -> None:
        """The deadline passes; one adjudicator proposes, another approves."""
        silent = Invitation.objects.filter(claim=claim, status=InvitationStatus.SILENT)
        self._wait("the end of the reply window", silent.exists)
        for number, rating, rationale in (
            (1, Rating.NOT_DELIVERED, texts.NOT_DELIVERED),
            (2, Rating.DELIVERED, texts.DELIVERED),
        ):
            aspect = Aspect.objects.select_related("claim").get(claim=claim, number=number)
            if Verdict.objects.current().filter(aspect=aspect).exists():
                continue
            verdict = Verdict.objects.filter(aspect=aspect,
                status=VerdictStatus.PROPOSED).first() or verdicts.propose_verdict(
                by=self.people["adjudicator"], aspect=aspect, rating=rating, rationale=rationale,
                now=timezone.now(),
                exhibits=self._exhibits(claim, number),
            )  # fmt: skip
            verdicts.approve_verdict(
                by=self.people["adjudicator2"], verdict=verdict, now=timezone.now()
            )
        second.propose(self.people)
        self._done(
            11, "no reply by the deadline; two adjudicators published a verdict on each aspect"
        )

    # --- what comes of it -------------------------------------------------------------------------

    def _hand_out(self, claim: Claim, post: Source) -> dict[str, Any]:
        """Copy report, snapshot, bundles and log to where a person finds them, and tell the
        outcome."""
        standing = list(
            Verdict.objects.current()
            .filter(aspect__claim=claim)
            .select_related("aspect")
            .order_by("aspect__number")
        )
        bundles = [f"{verdict.reference}.bundle.json" for verdict in standing]
        self._wait(
            "the report with both verdicts",
            lambda: self._newest(ReportKind.DISCREPANCY, bundles, claim=claim) is not None,
        )
        self._wait(
            "the snapshot of the deleted post",
            lambda: self._newest(ReportKind.SNAPSHOT, [], source=post) is not None,
        )
        report = self._newest(ReportKind.DISCREPANCY, bundles, claim=claim)
        snapshot = self._newest(ReportKind.SNAPSHOT, [], source=post)
        assert report is not None
        assert snapshot is not None
        self._wait(
            "the log to reach the report", lambda: published()[0].size > report.checkpoint_size
        )
        self.out.mkdir(parents=True, exist_ok=True)
        files = {**self._copied(report), **self._copied(snapshot)}
        head, note, key = published()
        export(LogFiles(), self.out / "log", head.size, note)
        sources = Source.objects.filter(appearance__claim=claim).exclude(
            url=""
        )  # those that are looked at
        outcome = {
            "claim": {"id": str(claim.pk), "url": f"{settings.SITE_URL}/claims/{claim.reference}/"},
            "verdicts": [
                {
                    "id": str(verdict.pk),
                    "aspect": verdict.aspect.statement["translations"]["en"]["text"],
                    "rating": verdict.rating,
                }
                for verdict in standing
            ],
            "flags": sorted(
                Flag.objects.raised().filter(claim=claim).values_list("kind", flat=True)
            ),
            "report": {
                "json": files["report.json"],
                "html": files["report.html"],
                "pdf": {"en": files["report.en.pdf"], "zh": files["report.zh.pdf"]},
            },
            "snapshot": files["snapshot.json"],
            "bundles": [files[name] for name in bundles],
            "log": self._relative(self.out / "log"),
            "key": str(key),
            "versions": Version.objects.filter(source__in=sources).count(),
            "observations": Observation.objects.filter(source__in=sources).count(),
            "seconds": round((report.created_at - claim.company.created_at).total_seconds()),
        }
        missing = {kind.value for kind in FLAGS if not self._raised(claim, kind)}
        if missing:
            raise StoryTimeoutError(f"the case ended without {', '.join(sorted(missing))}")
        _write(self.out / "outcome.json", json.dumps(outcome, ensure_ascii=False).encode())
        self._done(12, f"report, snapshot, bundles and log are in {self._relative(self.out)}")
        return outcome

    def _newest(self, kind: str, files: list[str], **about: Any) -> Report | None:
        """The newest report that has these files."""
        for report in Report.objects.filter(kind=kind, **about).order_by("-checkpoint_size"):
            if set(files) <= set(
                ReportFile.objects.filter(report=report).values_list("name", flat=True)
            ):
                return report
        return None

    def _copied(self, report: Report) -> dict[str, str]:
        """Where the files of a report were copied to, by name."""
        places = {}
        for file in ReportFile.objects.filter(report=report):
            with report_files.store().open(file.digest) as stored:
                _write(self.out / file.name, stored.read())
            places[file.name] = self._relative(self.out / file.name)
        return places

    def _told_before(self) -> dict[str, Any] | None:
        """The outcome of an earlier telling, if the database still knows it."""
        try:
            outcome: dict[str, Any] = json.loads((self.out / "outcome.json").read_text())
        except FileNotFoundError:
            return None
        known = (
            Verdict.objects.current()
            .filter(pk__in=[verdict["id"] for verdict in outcome["verdicts"]])
            .count()
        )
        if known != len(outcome["verdicts"]):
            return None
        # The site may be at another port than it was then.
        outcome["claim"]["url"] = (
            f"{settings.SITE_URL}/claims/{Claim.objects.get(pk=outcome['claim']['id']).reference}/"
        )
        return outcome

    # --- how it is told ---------------------------------------------------------------------------

    def _done(self, step: int, sentence: str) -> None:
        self.say(f"{step}/{STEPS} {sentence}")

    def _wait(self, what: str, fact: Callable[[], bool]) -> None:
        """Until `fact` is there. Raises StoryTimeoutError, naming it, after PATIENCE seconds."""
        until = time.monotonic() + PATIENCE
        while not fact():
            if time.monotonic() > until:
                raise StoryTimeoutError(f"waited {PATIENCE:g} s for {what}, and it never came")
            self.turn()

    @staticmethod
    def _raised(claim: Claim, kind: str) -> bool:
        return Flag.objects.raised().filter(claim=claim, kind=kind).exists()

    @staticmethod
    def _relative(path: Path) -> str:
        return os.path.relpath(path, settings.BASE_DIR)


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.write_bytes(content)
    draft.replace(path)


def _post(
    url: str, fields: dict[str, str], files: dict[str, tuple[str, bytes]], *, key: str, once: str
) -> None:
    """Send a form with files, as a program with an API key does. Raises urllib.error.HTTPError."""
    mark = secrets.token_hex(16)
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, (filename, content) in files.items():
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; '
            f'filename="{filename}"\r\nContent-Type: image/jpeg\r\n\r\n'
        )
        parts.append(head.encode() + content + b"\r\n")
    request = urllib.request.Request(  # noqa: S310  (our own site)
        url, data=b"".join([*parts, f"--{mark}--\r\n".encode()]),
        headers={"Content-Type": f"multipart/form-data; boundary={mark}",
        "Authorization": f"Bearer {key}", "Idempotency-Key": once},
    )  # fmt: skip
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        request, timeout=30
    ) as answer:
        answer.read()
