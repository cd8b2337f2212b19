"""Scenes: the founding case in small, built through the same actions that users' views call."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

from allauth.account.models import EmailAddress
from django.utils import timezone
from PIL import Image

import jobs
import ledger
from accounts.actions import approve_invitation, found_organisation, grant_role
from accounts.models import Organisation, OrganisationKind, Role, RoleInvitation, User
from claims import actions as claims
from claims.localized_text import write
from claims.models import (
    Aspect,
    Claim,
    ClaimProposal,
    Company,
    Product,
    ProductOption,
    Series,
    Source,
)
from engines.text.extraction import Extract
from evidence.exhibits.actions import filing, pointing, staging
from evidence.exhibits.models import Comparison, Exhibit, Rendition, StagedPhoto, Submission
from evidence.exhibits.states import ExhibitStatus
from evidence.sources.actions import WATCHER, ObservationData, record_observation
from evidence.sources.models import Observation
from evidence.stores import originals, renditions
from ledger.sequencing import sequence
from verdicts import actions as verdicts
from verdicts.models import Incident, Invitation, Reply, Verdict

POST = "新前舱盖照着赛道原型车来做，内部结构也一起改了，双风道给制动系统散热。"


def person(email: str, *roles: str, organisation: Organisation | None = None) -> User:
    """An account with roles (in the operator's organisation unless another is given)."""
    user = User.objects.create_user(f"{email}@example.org", "correct horse battery")
    if roles:
        body = organisation or operator_body()
        for role in roles:
            grant_role(
                by=ledger.SYSTEM, user=user, organisation=body, role=role, now=timezone.now()
            )
    return user


def operator_body() -> Organisation:
    """The organisation that runs this installation."""
    return Organisation.objects.filter(
        kind=OrganisationKind.OPERATOR
    ).first() or found_organisation(
        by=ledger.SYSTEM, kind=OrganisationKind.OPERATOR, name="The record", now=timezone.now()
    )


def send_invitation(by: User, invitation: RoleInvitation, token: str) -> None:
    """Approve an invitation to a role, with a link whose token the test knows."""
    with patch("accounts.actions.invitations.secrets.token_urlsafe", return_value=token):
        approve_invitation(by=by, invitation=invitation, now=timezone.now())


@dataclass
class Scene:
    """Who and what a test of the later rooms needs."""

    moderator: User
    second_moderator: User
    adjudicator: User
    second_adjudicator: User
    owners: list[User]
    company: Company
    product: Product
    option: ProductOption
    source: Source
    claim: Claim
    ducts: Aspect
    carbon: Aspect
    now: datetime
    submissions: list[Submission] = field(default_factory=list)

    def exhibits(self, **submission: str) -> list[Exhibit]:
        """Those of the claim, or of its submissions with e.g. `status="accepted"`."""
        of = {f"submission__{name}": value for name, value in submission.items()}
        return list(
            Exhibit.objects.select_related("submission")
            .filter(submission__claim=self.claim, **of)
            .order_by("reference")
        )


def build_claim(*, watched: bool = False, criterion: claims.NewCriterion | None = None) -> Scene:
    """People, company, product, option, source and a claim with two aspects, the first with a
    threshold."""
    now = timezone.now()
    moderator = person("moderator", Role.MODERATOR)
    company = claims.add_company(
        by=moderator,
        name=write("en", "A car maker", zh_Hans="某车企"),
        website="https://brand.example/",
        now=now,
    )
    product = claims.add_product(
        by=moderator,
        company=company,
        name=write("en", "Sports saloon", zh_Hans="运动轿车"),
        now=now,
    )
    option = claims.add_option(
        by=moderator,
        product=product,
        name=write("en", "Carbon hood", zh_Hans="碳纤维前舱盖"),
        price=Decimal(42000),
        currency="CNY",
        now=now,
    )
    source = claims.add_source(
        by=moderator, company=company, channel="social_post",
        title=write("en", "The founder's post", zh_Hans="创始人的帖子"),
        url="https://brand.example/post/1", now=now, watched=watched,
        published_at=datetime(2025, 2, 28, 13, 15, tzinfo=UTC),
    )  # fmt: skip
    claim = claims.register_claim(
        by=moderator, product=product, option=option, quote=POST, quote_lang="zh-Hans", now=now,
        summary=write("en", "Two ducts in the carbon hood cool the brakes",
        zh_Hans="碳纤维前舱盖的双风道给制动散热"),
        aspects=[
            claims.NewAspect(
                "function",
                write("en", "two ducts move air to the brakes", zh_Hans="两条风道把空气送到制动"),
                criterion=criterion
                or claims.NewCriterion(
                    property=write("en", "air speed at the outlet", zh_Hans="出口风速"),
                    comparator="at_least", value=Decimal("1.5"), unit="m/s",
                ),
            ),
            claims.NewAspect("appearance",
            write("en", "the hood is carbon fibre", zh_Hans="前舱盖是碳纤维")),
        ],
    )  # fmt: skip
    claims.place_claim(by=moderator, claim=claim, source=source, exact=POST, now=now)
    ducts, carbon = Aspect.objects.select_related("claim").filter(claim=claim).order_by("number")
    return Scene(
        moderator=moderator, second_moderator=person("moderator2", Role.MODERATOR),
        adjudicator=person("adjudicator", Role.ADJUDICATOR),
        second_adjudicator=person("adjudicator2", Role.ADJUDICATOR),
        owners=[person(f"owner{n}") for n in (1, 2, 3)], company=company,
        product=product, option=option, source=source, claim=claim, ducts=ducts, carbon=carbon,
        now=now,
    )  # fmt: skip


def confirmed(user: User) -> User:
    """The same person, whose mailbox was confirmed."""
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True})
    return user


def build_proposal(scene: Scene, owner: User | None = None, **fields: str) -> ClaimProposal:
    """A claim that the first owner proposes, unless somebody else does."""
    given = {
        "quote": "The seats heat up in ten seconds.",
        "quote_lang": "en",
        "channel": "product_page",
        "company_name": "A car maker Co., Ltd.",
        "product_name": "Sports saloon",
        "address": "https://brand.example/seats",
        "why": "Mine take two minutes.",
    }
    return claims.propose_claim(
        by=confirmed(owner or scene.owners[0]),
        proposal=claims.NewProposal(**(given | fields)),
        now=timezone.now(),
    )


def picture(number: int) -> bytes:
    """A small picture, each number another."""
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (40 * number, 90, 120)).save(file, "JPEG")
    return file.getvalue()


def build_staged(
    owner: User,
    scene: Scene,
    *,
    form_key: str = "form",
    content: bytes = b"on its way",
    name: str = "duct.jpg",
) -> StagedPhoto:
    """A photo that was sent ahead of a form."""
    return staging.stage(
        by=owner, claim=scene.claim, form_key=form_key, file_key=f"{name} {len(content)}",
        stored=staging.receive(io.BytesIO(content)),
        filename=name, now=timezone.now(),
    )  # fmt: skip


def build_evidence(
    scene: Scene,
    *,
    grade: tuple[str, str] = ("B", "2"),
    accept: bool = True,
    values: Sequence[Sequence[str]] = (("0.02",), ("0.02",), ("0.02",)),
) -> Scene:
    """Three owners file a photo and a measured teardown each; the photos count as read; moderation
    accepts and grades them. `values` are what each measured."""
    for number, owner in enumerate(scene.owners, start=1):
        photo = filing.NewPhoto(
            filing.receive(io.BytesIO(f"photo {number}".encode())),
            "duct.jpg",
            write("en", "The duct", zh_Hans="风道"),
        )
        submission = filing.file_submission(
            by=owner, claim=scene.claim, narrative="No air came through.", narrative_lang="en",
            licence="cc-by-4.0", photos=[photo],
            now=scene.now, contact=f"owner{number}@secret.example",
            teardown=filing.NewTeardown(
                title=write("en", "Blower test", zh_Hans="吹风测试"), unit_label=f"Car {number}",
                serial=f"VIN{number}",
                performed_date=date(2025, 5, 1),
                steps=[filing.NewStep(write("en", "Blower at the inlet", zh_Hans="风机对准进口"),
                photo=1)],
                measurements=[
                    filing.NewMeasurement(
                        aspect=scene.ducts, quantity=write("en", "air speed", zh_Hans="风速"),
                        value=Decimal(value),
                        standard_uncertainty=Decimal("0.02"), unit_name="m/s",
                        instrument=write("en", "hot-wire anemometer", zh_Hans="热线风速仪"),
                        method=write("en", "at the outlet", zh_Hans="出口处"),
                        measured_date=date(2025, 5, 1),
                    )
                    for value in values[number - 1]
                ],
            ),
        )  # fmt: skip
        exhibit = Exhibit.objects.select_related("submission").get(submission=submission)
        filing.mark_read(
            by=ledger.SYSTEM,
            exhibit=exhibit,
            now=scene.now,
            outcome="ready",
            metadata="{}",
            status=ExhibitStatus.READY,
            width=4,
            height=3,
        )
        shown = renditions().put(picture(number), limit=1 << 20)
        Rendition.objects.create(
            exhibit=exhibit,
            name="page",
            digest=shown.sha256,
            media_type="image/jpeg",
            width=40,
            height=30,
            size=shown.size,
        )
        if accept:
            filing.decide_submission(
                by=scene.moderator, submission=submission, decision="accepted",
                reason=write("en", "Clear photos."), now=scene.now,
                grades={str(exhibit.pk): (*grade, write("en", "Known owner, consistent photos."))},
            )  # fmt: skip
        scene.submissions.append(submission)
    return scene


def build_findings(scene: Scene) -> Scene:
    """A finding on each aspect."""
    for aspect, conclusion in ((scene.ducts, "contradicts"), (scene.carbon, "supports")):
        verdicts.record_finding(
            by=scene.moderator, aspect=aspect, conclusion=conclusion,
            reasoning=write("en", "As the photos show.", zh_Hans="如照片所示。"),
            exhibits=scene.exhibits(), now=scene.now,
        )  # fmt: skip
    return scene


def build_silence(scene: Scene) -> Invitation:
    """The company was asked and its deadline passed."""
    long_ago = scene.now - timedelta(days=40)
    invitation = verdicts.request_reply(
        by=scene.moderator,
        claim=scene.claim,
        allegation=write("en", "No air.", zh_Hans="没有风。"),
        now=long_ago,
    )
    verdicts.close_window(by=ledger.SYSTEM, invitation=invitation, now=scene.now)
    invitation.refresh_from_db()
    return invitation


def representative(scene: Scene) -> User:
    """Who speaks for the company of the scene."""
    company = Company.objects.select_related("organisation").get(pk=scene.company.pk)
    brand = company.organisation
    if brand is None:
        brand = found_organisation(
            by=ledger.SYSTEM,
            kind=OrganisationKind.COMPANY,
            name="The car maker",
            now=timezone.now(),
        )
        claims.represent_company(
            by=ledger.SYSTEM, company=company, organisation=brand, now=timezone.now()
        )
    found = User.objects.filter(membership__organisation=brand, membership__ended_at=None).first()
    return found or person("representative", Role.COMPANY_REPRESENTATIVE, organisation=brand)


def build_reply(
    scene: Scene,
    invitation: Invitation,
    *,
    body: str = "We will look.",
    lang: str = "en",
    now: datetime | None = None,
) -> Reply:
    """The company's reply, given by itself."""
    return verdicts.record_reply(
        by=representative(scene), invitation=invitation, body=body, lang=lang, now=now or scene.now
    )


def build_letter(
    scene: Scene,
    invitation: Invitation,
    *,
    body: str = "We will look.",
    now: datetime | None = None,
) -> Reply:
    """The company's letter, entered by a moderator and not checked yet."""
    return verdicts.record_reply(
        by=scene.moderator, invitation=invitation, body=body, lang="en", now=now or scene.now
    )


RATIONALE = write("en", "No air reaches the brakes.", zh_Hans="没有空气到达制动。")


def propose(
    scene: Scene, *, aspect: Aspect | None = None, rating: str = "not_delivered", **more: object
) -> Verdict:
    """The first adjudicator proposes."""
    return verdicts.propose_verdict(
        by=scene.adjudicator,
        aspect=aspect or scene.ducts,
        rating=rating,
        rationale=RATIONALE,
        exhibits=scene.exhibits(),
        now=scene.now,
        **more,
    )


def build_verdict(scene: Scene) -> Verdict:
    """From a bare claim to a published verdict."""
    build_findings(build_evidence(scene))
    build_silence(scene)
    return verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=propose(scene), now=scene.now
    )


def build_claim_beside(scene: Scene) -> Claim:
    """A second claim about the same product, with one aspect."""
    return claims.register_claim(
        by=scene.moderator, product=scene.product, quote="交付只要四周。", quote_lang="zh-Hans",
        now=scene.now,
        summary=write("en", "Delivery takes four weeks", zh_Hans="四周交付"),
        aspects=[claims.NewAspect("date",
        write("en", "it comes within four weeks", zh_Hans="四周内交付"))],
    )  # fmt: skip


def verdict_on(scene: Scene, claim: Claim, rating: str = "unverifiable") -> Verdict:
    """From a bare claim with one aspect to a published verdict that rests on no exhibit."""
    aspect = Aspect.objects.select_related("claim").get(claim=claim)
    long_ago = scene.now - timedelta(days=40)
    invitation = verdicts.request_reply(
        by=scene.moderator,
        claim=claim,
        allegation=write("en", "No.", zh_Hans="没有。"),
        now=long_ago,
    )
    verdicts.close_window(by=ledger.SYSTEM, invitation=invitation, now=scene.now)
    photo = filing.NewPhoto(
        filing.receive(io.BytesIO(f"paper on {claim.reference}".encode())), "paper.jpg"
    )
    submission = filing.file_submission(
        by=scene.owners[0],
        claim=claim,
        narrative="The paper.",
        narrative_lang="en",
        licence="show",
        photos=[photo],
        now=scene.now,
    )
    exhibit = Exhibit.objects.get(submission=submission)
    filing.mark_read(
        by=ledger.SYSTEM,
        exhibit=exhibit,
        now=scene.now,
        outcome="ready",
        metadata="{}",
        status=ExhibitStatus.READY,
    )
    filing.decide_submission(
        by=scene.moderator, submission=submission, decision="accepted",
        reason=write("en", "Clear."), now=scene.now,
        grades={str(exhibit.pk): ("B", "2", write("en", "Known owner."))},
    )  # fmt: skip
    exhibit = Exhibit.objects.select_related("submission").get(pk=exhibit.pk)
    verdicts.record_finding(
        by=scene.moderator, aspect=aspect, conclusion="inconclusive",
        reasoning=write("en", "As it says.", zh_Hans="如所述。"),
        exhibits=[exhibit], now=scene.now,
    )  # fmt: skip
    proposed = verdicts.propose_verdict(
        by=scene.adjudicator, aspect=aspect, rating=rating, rationale=RATIONALE, exhibits=[exhibit],
        now=scene.now,
        attempts=write("en", "We asked.", zh_Hans="已询问。"),
    )  # fmt: skip
    return verdicts.approve_verdict(by=scene.second_adjudicator, verdict=proposed, now=scene.now)


def look(scene: Scene, text: str, seconds: int, kind: str = "ok") -> Observation:
    """The post was visited, and this stood there."""
    at = scene.now + timedelta(seconds=seconds)
    stored = originals().put(text.encode(), limit=1 << 20)
    return record_observation(
        by=WATCHER, source=scene.source, now=at,
        looked=ObservationData(
            type=kind, looked_at=at, status=200 if kind == "ok" else 410,
            final_url=scene.source.url, digest=stored.sha256,
            size=stored.size, content_type="text/html",
            extract=Extract("帖子", text, "zh-Hans") if kind == "ok" else None,
        ),
    )  # fmt: skip


def build_post(scene: Scene) -> Scene:
    """The post as it stood, as it was edited, and its going."""
    look(scene, POST + "敬请期待。", 1)
    look(scene, POST.replace("内部结构也一起改了，", "") + "敬请期待。", 2)
    for hour in (4, 8, 12):
        look(scene, "", hour * 3600, "gone")
    return scene


def build_case() -> Scene:
    """Everything: the post, the evidence, the verdict, all in the log, its document published, its
    reports built."""
    scene = build_post(build_claim())
    build_verdict(scene)
    jobs.drain(["watch", "decode", "report"])
    left = jobs.Job.objects.exclude(state="done").values_list("kind", "last_error")
    assert not left, list(left)
    sequence()
    return scene


def build_series(scene: Scene) -> Series:
    """A market value on two days, with a headline that states another difference than the figures
    give."""
    given = {"by": scene.moderator, "now": scene.now}
    series = claims.add_series(
        **given,
        company=scene.company,
        name=write("en", "Market value", zh_Hans="市值"),
        unit=write("en", "HK$ bn", zh_Hans="十亿港元"),
    )
    data = claims.add_source(
        **given,
        company=scene.company,
        channel="market_data",
        title=write("en", "Closing values", zh_Hans="收市数据"),
    )
    start, end = date(2025, 9, 25), date(2025, 11, 19)
    claims.add_point(**given, series=series, source=data, on_date=start, value=Decimal("1548.2"))
    claims.add_point(**given, series=series, source=data, on_date=end, value=Decimal("981.8"))
    claims.annotate_series(
        **given, series=series, from_date=start, until_date=end, stated_value=Decimal(530),
        source=data,
        text=write("en", "A headline: 530 bn gone", zh_Hans="标题：蒸发五千三百亿"),
    )  # fmt: skip
    return series


def build_incident(scene: Scene) -> Incident:
    """A crash, the family's call, the press, and only then the company."""
    given = {"by": scene.moderator, "now": scene.now}
    incident = verdicts.open_incident(
        **given,
        company=scene.company,
        product=scene.product,
        title=write("en", "A crash", zh_Hans="一起事故"),
        reconstruction=True,
    )
    start = datetime(2025, 3, 29, 14, 44, tzinfo=UTC)
    for kind, actor, hours, text in (
        ("happened", "other", 0, write("en", "The car hit a barrier.", zh_Hans="车辆撞上护栏。")),
        (
            "contact",
            "family",
            12,
            write("en", "The family called the hotline.", zh_Hans="家属拨打热线。"),
        ),
        (
            "statement",
            "press",
            50,
            write("en", "A newspaper reported it.", zh_Hans="报纸作了报道。"),
        ),
        (
            "statement",
            "company",
            67,
            write("en", "The company spoke in public.", zh_Hans="公司公开回应。"),
        ),
        (
            "contact",
            "company",
            69,
            write("en", "The company called the family.", zh_Hans="公司联系家属。"),
        ),
    ):
        verdicts.add_event(
            **given,
            incident=incident,
            kind=kind,
            actor=actor,
            happened_at=start + timedelta(hours=hours),
            text=text,
        )
    return incident


def build_pointing(scene: Scene) -> Comparison:
    """A region on the first exhibit, and the first two set against each other."""
    first, second = scene.exhibits(status="accepted")[:2]
    words = write("en", "The outlet", zh_Hans="出口")
    pointing.mark_region(
        by=scene.moderator, exhibit=first, x=100, y=200, width=300, height=250, caption=words
    )
    title = write("en", "Promised and delivered", zh_Hans="承诺与实物")
    return pointing.compare_exhibits(by=scene.moderator, before=second, after=first, title=title)
