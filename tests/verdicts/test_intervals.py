"""A verdict on an interval, from the threshold to every place that shows it: page, picture, report,
API, signed document."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.test import Client

from claims.actions import NewCriterion
from claims.localized_text import write
from ledger.sequencing import sequence
from reports.documents import report_json
from reports.documents.pdf_layout.aspects import aspect_part
from reports.drawing import charts
from tests import scenes
from tests.pages import words_of
from verdicts.models import VerdictDocument

pytestmark = pytest.mark.django_db

#: Three owners, u = 0.02 each; the first measured three times: 6.50, 6.52 and 6.54 m/s.
VALUES = (("6.50", "6.52", "6.54"), ("7.00",), ("8.10",))


@pytest.fixture
def scene() -> scenes.Scene:
    scene = scenes.build_claim(
        criterion=NewCriterion(
            property=write("en", "air speed", zh_Hans="风速"), comparator="between",
            value=Decimal(6), value_to=Decimal(8), unit="m/s",
            conditions=write("en", "at full load", zh_Hans="满负荷"),
        )
    )  # fmt: skip
    scenes.build_findings(scenes.build_evidence(scene, values=VALUES))
    scenes.build_silence(scene)
    return scene


def test_a_verdict_on_an_interval_says_the_same_numbers_everywhere(
    client: Client, scene: scenes.Scene
) -> None:
    verdict = scenes.verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    sequence()
    numbers = verdict.conformity
    assert numbers is not None
    assert (numbers["limit"], numbers["lower_limit"], numbers["upper_limit"]) == (None, "6", "8")
    assert (numbers["decision"], numbers["units"]) == ("disagree", 3)
    document = json.loads(VerdictDocument.objects.get(pk=verdict.pk).body)
    criterion = document["aspect"]["criterion"]
    assert (criterion["comparator"], criterion["value"], criterion["value_to"]) == (
        "between", "6", "8",
    )  # fmt: skip
    mean = next(row for row in document["conformity"]["results"] if row["repetitions"] == 3)
    # By hand: s = 0.02, s/√3 = 0.011547; u = √(0.011547² + 0.02²); t(2) = 4.53:
    # U = √((4.53 · 0.011547)² + 0.04²) = √(0.0027361 + 0.0016) = 0.06585.
    assert (mean["mean"], mean["standard_uncertainty"][:8]) == ("6.52", "0.023094")
    assert mean["expanded_uncertainty"][:7] == "0.06584"
    sentence = document["conformity"]["summary"]["text"]
    assert sentence.startswith("2 of 3 items meet the threshold, 1 does not. Items disagree.")

    english, chinese = (
        words_of(client.get(f"/{lang}/verdicts/{verdict.reference}/")) for lang in ("en", "zh")
    )
    assert sentence in english
    assert document["conformity"]["summary"]["translations"]["zh-Hans"]["text"] in chinese
    assert "between 6 and 8 m/s; at full load" in english
    assert "contributor" in english
    assert "6.52 m/s" in english, "the mean of three repetitions has its row"
    assert "证据提供者" in chinese
    assert "介于6至8 m/s之间" in chinese
    claim_page = words_of(client.get(f"/en/claims/{scene.claim.reference}/"))
    assert "6.5–8.1 m/s on 3 items; threshold between 6 and 8 m/s" in claim_page

    api = client.get(f"/api/v1/claims/{scene.claim.reference}/").json()
    told = next(row["criterion"] for row in api["aspects"] if row["criterion"])
    assert (Decimal(told["value"]), Decimal(told["value_to"])) == (6, 8)

    aspect = report_json._aspect(scene.ducts, verdict)
    assert "between 6 and 8 m/s" in (charts.chart_of(aspect, "en") or "")
    part = aspect_part(aspect, "en", {})
    assert part["criterion"]["threshold"] == "between 6 and 8 m/s"
    limits = [row[2] for row in part["conformity"]["judged"]]
    assert limits[0] == "6.04–7.96 m/s / outside 5.96–8.04 m/s"
    assert "介于6至8 m/s之间" in aspect_part(aspect, "zh-Hans", {})["criterion"]["threshold"]
