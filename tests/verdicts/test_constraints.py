"""With the application bypassed the database still holds the rules of a verdict's life: SQL by the
application's own role is refused.

Each constraint has the statement that breaks it alone; with the constraint taken away the same
statement goes through, so it is what keeps the rule. A constraint that is missing from the table
fails the suite.
"""

from __future__ import annotations

from io import StringIO
from typing import Any, Final

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.db.models import UniqueConstraint

from tests import scenes
from tests.shared_scenes import shared_scene
from tests.workflows import unruled
from verdicts.models import Finding, FindingExhibit, Invitation, Verdict, VerdictExhibit

pytestmark = pytest.mark.django_db

LIFE: Final[tuple[type[models.Model], ...]] = (
    Finding,
    FindingExhibit,
    Invitation,
    Verdict,
    VerdictExhibit,
)


def another(model: type[models.Model], where: str, **values: str) -> str:
    """SQL that copies one row, with other values: `values` are SQL."""
    columns = [
        field.column
        for field in model._meta.concrete_fields
        if not isinstance(field, models.AutoField)
    ]
    chosen = ", ".join(values.get(column, f'"{column}"') for column in columns)
    table, names = model._meta.db_table, ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {table} WHERE {where} LIMIT 1"


#: Another account than the proposer: the published verdict was decided by one.
SECOND: Final = "(SELECT decided_by_id FROM verdicts_verdict WHERE status = 'published')"
PROPOSED: Final = "WHERE status = 'proposed'"
#: constraint → the statement that breaks it
BREAKS: Final[dict[str, str]] = {
    "finding_conclusion_known": "UPDATE verdicts_finding SET conclusion = 'maybe'",
    "finding_names_an_exhibit_once": another(FindingExhibit, "true"),
    "invitation_status_known": "UPDATE verdicts_invitation SET status = 'done'",
    "invitation_open_once_per_claim": another(
        Invitation, "true", id="gen_random_uuid()", status="'open'", closed_at="NULL"
    )
    + "; "
    + another(Invitation, "status = 'open'", id="gen_random_uuid()"),
    "invitation_leaves_time": another(
        Invitation, "true", id="gen_random_uuid()", status="'silent'", deadline_at="sent_at"
    ),
    "invitation_extended_to_a_later_day": (
        "UPDATE verdicts_invitation SET first_deadline_at = deadline_at"
    ),
    "invitation_working_days_bounded": "UPDATE verdicts_invitation SET working_days = 61",
    "invitation_closed_at_matches": "UPDATE verdicts_invitation SET status = 'open'",
    "invitation_silent_only_after_its_deadline": (
        "UPDATE verdicts_invitation SET closed_at = sent_at"
    ),
    "invitation_waived_by_two_people": (
        "UPDATE verdicts_invitation SET status = 'waived', waiver_proposed_by_id = "
        "invited_by_id, waiver_approved_by_id = invited_by_id"
    ),
    "verdict_rating_known": f"UPDATE verdicts_verdict SET rating = 'fine' {PROPOSED}",
    "verdict_status_known": (
        f"UPDATE verdicts_verdict SET status = 'done', decided_by_id = {SECOND}, decided_at = "
        f"now() {PROPOSED}"
    ),
    "verdict_mechanism_known": f"UPDATE verdicts_verdict SET mechanism = 'magic' {PROPOSED}",
    "verdict_misleading_names_how": (
        f"UPDATE verdicts_verdict SET rating = 'misleading', mechanism = '' {PROPOSED}"
    ),
    "verdict_stands_once_per_aspect": another(
        Verdict,
        "status = 'published'",
        id="gen_random_uuid()",
        reference="'AC-0000-0000'",
        supersedes_id="NULL",
    ),
    "verdict_proposed_once_per_aspect": another(
        Verdict, "status = 'proposed'", id="gen_random_uuid()", reference="'AC-0000-0000'"
    ),
    "verdict_decided_by_a_second_person": (
        f"UPDATE verdicts_verdict SET status = 'rejected', decided_by_id = proposed_by_id, "
        f"decided_at = now() {PROPOSED}"
    ),
    "verdict_decided_all_or_none": f"UPDATE verdicts_verdict SET decided_at = now() {PROPOSED}",
    "verdict_published_with_its_document": (
        f"UPDATE verdicts_verdict SET status = 'published', decided_by_id = {SECOND}, decided_at "
        f"= now(), published_at = now() {PROPOSED}"
    ),
    "verdict_pins_an_exhibit_once": another(VerdictExhibit, "true"),
}
#: A status that nobody knows has no document either: both constraints stand in the way.
ALSO: Final = {"verdict_status_known": ["verdict_published_with_its_document"]}


def tables() -> dict[str, tuple[str, bool]]:
    """constraint → (its table, whether it is an index)"""
    return {
        one.name: (
            model._meta.db_table,
            isinstance(one, UniqueConstraint) and one.condition is not None,
        )
        for model in LIFE
        for one in model._meta.constraints
    }


def test_every_constraint_of_a_verdicts_life_has_the_statement_that_breaks_it() -> None:
    assert set(tables()) == set(BREAKS)


@shared_scene
def scene() -> scenes.Scene:
    """A verdict that stands, one that is proposed, and a company that stayed silent."""
    scene = scenes.build_claim()
    scenes.build_verdict(scene)
    scenes.propose(scene, aspect=scene.carbon, rating="delivered")
    return scene


@pytest.fixture
def by_the_application(scene: scenes.Scene) -> Any:
    """SQL runs as the application's role."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("CREATE ROLE bypassing_app")
        call_command("ledger_roles", "bypassing_app", stdout=StringIO())
        with (
            unruled(Verdict),
            unruled(Invitation),
        ):  # the constraints hold by themselves, whatever rules the workflows
            yield cursor
            cursor.execute("RESET ROLE")


@pytest.mark.parametrize("name", BREAKS)
def test_sql_that_breaks_a_rule_is_refused_by_its_constraint(
    name: str, by_the_application: Any
) -> None:
    cursor = by_the_application
    cursor.execute("SET LOCAL ROLE bypassing_app")
    refusing = [name, *ALSO.get(name, [])]
    with pytest.raises(IntegrityError, match="|".join(refusing)), transaction.atomic():
        cursor.execute(BREAKS[name])
    cursor.execute("RESET ROLE")
    for one in refusing:
        table, index = tables()[one]
        cursor.execute(
            f"DROP INDEX {one}" if index else f"ALTER TABLE {table} DROP CONSTRAINT {one}"
        )
    cursor.execute("SET LOCAL ROLE bypassing_app")
    with transaction.atomic():  # negative control: without it, nothing stands in the way
        cursor.execute(BREAKS[name])
        transaction.set_rollback(True)
