"""The second claim, left halfway: what the desk still has to do when the case is told.

Owners handed in what the app and the contract say; one submission is decided and another waits.
There is a finding on each point, the company answered, and a verdict on the first is proposed and
waits for its second person. Nothing of it waits for a clock.
"""

from __future__ import annotations

import io
from datetime import date
from typing import Any, Final

from django.utils import timezone

from accounts.models import User
from claims import actions as claims
from claims.localized_text import write
from claims.models import Aspect, Claim, ClaimProposal
from demo import papers, pictures
from demo.casting import organisation
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit, Submission
from evidence.exhibits.states import SubmissionStatus
from verdicts import actions as verdicts
from verdicts.models import Finding, Invitation, Reply, Verdict
from verdicts.states import Conclusion, Mechanism, Rating, VerdictStatus

DECIDED: Final = "demo:balance"
WAITS: Final = "demo:cancelled"
APP = write(
    "zh-Hans",
    "应用内的付款通知，第 23 周（重绘）",
    en="The demand for payment in the app, week 23 (redrawn)",
)
CLAUSE = write(
    "zh-Hans", "购车协议第五条（重绘）", en="Clause 5 of the purchase agreement (redrawn)"
)
CANCELLED = write(
    "zh-Hans", "订单取消的通知（重绘）", en="Notice that the order was cancelled (redrawn)"
)
ON_THE_APP: Final = (
    "我的订单 · 远岫 R1 赛道版", "预计交付：下单后 36 周", "第 23 周 · 付款通知",
    "请于 7 日内付清全款", "逾期自动取消", "定金不予退还",
)  # fmt: skip
ON_PAPER: Final = (
    "购车协议（节选）", "第五条", "买方应于收到付款通知之日起", "七日内付清全部车款；逾期未付的，",
    "卖方有权取消订单，", "定金不予退还。",
)  # fmt: skip
ON_THE_NOTICE: Final = (
    "订单已取消",
    "订单号 ████████",
    "原因：逾期未付款",
    "已付定金 ¥ 5,000.00",
    "退款：无",
    "2025-10-26",
)
TOLD: Final = (
    "下单后第 23 周，应用要求 7 天内付清全款。销售当时说尾款等车到店再付。"
    "合同第五条写的是收到通知后七日。"
)
TOLD_TOO: Final = (
    "和别的车主一样的通知。我没有付，一周后订单被取消，5,000 元定金没有退。车当时还没有排产。"
)
ACCEPTED = write(
    "zh-Hans",
    "两张图都能与已保存的文本逐字核对。",
    en="Both pictures can be checked word for word against the texts that are kept.",
)
GRADE = write(
    "zh-Hans",
    "提交者身份已知，内容与合同、应用页面的存本一致。",
    en="Known filer; agrees with the kept copies of contract and app.",
)
FOUND_BALANCE = write(
    "zh-Hans",
    "合同第五条把付款时间交给卖方的一纸通知，应用在第 23 周据此要求七日内付清全款。"
    "这与“尾款等车到店再付”相矛盾。",
    en="Clause 5 lets a notice of the seller make the balance due, and in week 23 the app "
    "demanded all of it within seven days. This contradicts “the balance can wait for the "
    "car”.",
)
FOUND_WEEKS = write(
    "zh-Hans",
    "应用在第 23 周仍显示 36 周，订单在到期之前被取消。车会不会按时到，从这些证据看不出来。",
    en="In week 23 the app still showed 36 weeks, and the order was cancelled before they were "
    "over. These exhibits do not say whether the car would have come in time.",
)
ALLEGATION = write(
    "zh-Hans",
    "销售顾问书面承诺尾款可等车到店再付；合同第五条与应用内的通知却要求在车到店之前付清，"
    "未付的订单被取消，定金未退。请公司回应。",
    en="A salesperson promised in writing that the balance can wait for the car. Clause 5 and "
    "the notice in the app demand it before; the unpaid order was cancelled and the deposit "
    "kept. The company is asked to reply.",
)
ANSWER: Final = (
    "付款时间以购车协议为准。销售人员的个别说法不代表公司，我们已加强培训。对由此造成的误解，"
    "我们深表歉意。"
)
MISLEADING = write(
    "zh-Hans",
    "说“尾款等车到店再付”时，没有说合同里还有一个条件：卖方一通知，七日内就要付清。第 23 周，"
    "这个条件被用上了。公司回应称以协议为准。",
    en="“The balance can wait for the car” left out a condition that stands in the contract: "
    "once the seller gives notice, all of it is due within seven days. In week 23 that "
    "condition was used. The company replied that the agreement decides.",
)

PROPOSED: Final = claims.NewProposal(
    quote="赛道模式一键开启，圈速立刻快两秒。",
    quote_lang="zh-Hans",
    channel="launch_event",
    company_name="远岫汽车",
    product_name="远岫 R1 赛道版",
    place="发布会第 52 分钟",
    why="我在同一条赛道开了三次，打开赛道模式与不打开，圈速没有差别。",
)

People = dict[str, User]


def claim_of_it() -> Claim:
    """The claim that the balance may be paid when the car arrives."""
    return Claim.objects.get(quote=papers.PAY_LATER)


def hand_in(people: People) -> None:
    """Two owners file; their photos are read while the case goes on. One picture was filed by
    both."""
    screen = pictures.page("", 70, ON_THE_APP)
    _file(
        people["owner-b"], DECIDED, TOLD,
        (("IMG_2001", pictures.jpeg(screen), APP), ("IMG_2002", _drawn(71, ON_PAPER), CLAUSE)),
        organisation=organisation("group-b"),
    )  # fmt: skip
    again = pictures.jpeg(screen.resize((1600, 1200)), taken=date(2025, 10, 18))
    _file(
        people["owner-c"],
        WAITS,
        TOLD_TOO,
        (("screen", again, APP), ("cancelled", _drawn(72, ON_THE_NOTICE), CANCELLED)),
    )


def _drawn(seed: int, lines: tuple[str, ...]) -> bytes:
    return pictures.jpeg(pictures.page("", seed, lines))


def _file(
    by: User,
    key: str,
    narrative: str,
    photos: tuple[tuple[str, bytes, dict[str, Any]], ...],
    **options: Any,
) -> None:
    if Submission.objects.filter(filed_by=by, idempotency_key=key).exists():
        return
    filing.file_submission(
        by=by, claim=claim_of_it(), narrative=narrative, narrative_lang="zh-Hans",
        licence="cc-by-4.0", idempotency_key=key,
        contact=f"{by.email.partition('@')[0]}@owners.example", now=timezone.now(),
        photos=[filing.NewPhoto(filing.receive(io.BytesIO(content)), name, caption) for name,
        content, caption in photos], **options,
    )  # fmt: skip


def judge(people: People) -> None:
    """One submission is accepted and graded, the other waits; there is a finding on each point of
    the claim."""
    claim = claim_of_it()
    submission = Submission.objects.get(claim=claim, idempotency_key=DECIDED)
    if submission.status == SubmissionStatus.RECEIVED:
        filing.decide_submission(
            by=people["moderator"], submission=submission, decision=SubmissionStatus.ACCEPTED,
            reason=ACCEPTED, now=timezone.now(),
            grades={str(exhibit.pk): ("B", "2",
            GRADE) for exhibit in Exhibit.objects.filter(submission=submission)},
        )  # fmt: skip
    for number, conclusion, reasoning in (
        (1, Conclusion.CONTRADICTS, FOUND_BALANCE),
        (2, Conclusion.INCONCLUSIVE, FOUND_WEEKS),
    ):
        aspect = Aspect.objects.select_related("claim").get(claim=claim, number=number)
        if not Finding.objects.filter(aspect=aspect).exists():
            verdicts.record_finding(
                by=people["moderator2"], aspect=aspect, conclusion=conclusion, reasoning=reasoning,
                exhibits=_exhibits(claim),
                now=timezone.now(),
            )  # fmt: skip


def _exhibits(claim: Claim) -> list[Exhibit]:
    return list(
        Exhibit.objects.public()
        .filter(submission__claim=claim)
        .select_related("submission")
        .order_by("reference")
    )


def ask(people: People) -> None:
    """The company is asked, and answers at once."""
    claim = claim_of_it()
    if Reply.objects.filter(invitation__claim=claim).exists():
        return
    invitation = Invitation.objects.filter(claim=claim).first() or verdicts.request_reply(
        by=people["moderator"], claim=claim, allegation=ALLEGATION, now=timezone.now()
    )
    verdicts.record_reply(
        by=people["company"], invitation=invitation, body=ANSWER, lang="zh-Hans", now=timezone.now()
    )


def propose(people: People) -> None:
    """One adjudicator proposes a verdict on the first point. Nobody has approved it yet. An owner
    proposes a claim, on which no moderator has decided."""
    owner = people["owner-a"]
    if not ClaimProposal.objects.filter(proposed_by=owner).exists():
        claims.propose_claim(by=owner, proposal=PROPOSED, now=timezone.now())
    aspect = Aspect.objects.select_related("claim").get(claim=claim_of_it(), number=1)
    if not Verdict.objects.filter(
        aspect=aspect, status__in=[VerdictStatus.PROPOSED, VerdictStatus.PUBLISHED]
    ).exists():
        verdicts.propose_verdict(
            by=people["adjudicator"], aspect=aspect, rating=Rating.MISLEADING,
            mechanism=Mechanism.OMITTED_CONDITION,
            rationale=MISLEADING, exhibits=_exhibits(aspect.claim), now=timezone.now(),
        )  # fmt: skip
