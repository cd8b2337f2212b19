"""Queries whose SQL is written once: the same rows as Django's own, for every value, in every
thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model, UUIDField
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership
from claims.compiled_queries import CompiledQuery
from claims.models import Aspect
from evidence.exhibits import affiliation
from evidence.exhibits.models import Teardown
from ledger import registry
from reports.pages import (
    built_reports,
    claim_page_data,
    exhibits,
    history_objects,
    listing,
    source_page,
)
from tests import scenes
from verdicts.models import Invitation

APPS = (affiliation, built_reports, exhibits, claim_page_data, listing, source_page)
EVERY = {
    f"{app.__name__}.{name}": one
    for app in APPS
    for name, one in vars(app).items()
    if isinstance(one, CompiledQuery)
}


def _flat(row: Model, *above: Model) -> dict[str, object]:
    """A row with all that was read along with it, by field; not again what it was read along with
    itself."""
    read = {name: value for name, value in vars(row).items() if not name.startswith("_")}
    along = {
        name: value
        for name, value in row._state.fields_cache.items()
        if isinstance(value, Model) and value not in above
    }
    related = {name: _flat(value, row, *above) for name, value in along.items()}
    return {
        "": type(row),
        "database": row._state.db,
        "is new": row._state.adding,
        **read,
        **related,
    }


def _all_ids() -> list[UUID]:
    tables = [model for model in apps.get_models() if isinstance(model._meta.pk, UUIDField)]
    return list(
        chain.from_iterable(model._base_manager.values_list("pk", flat=True) for model in tables)
    )


@pytest.mark.django_db(transaction=True)
def test_a_prepared_query_gives_what_django_gives() -> None:
    scene = scenes.build_case()
    scenes.build_pointing(scene)
    scenes.build_reply(scene, Invitation.objects.get())
    again = scenes.verdicts.request_reply(
        by=scene.moderator, claim=scene.claim, allegation=scenes.RATIONALE, now=scene.now
    )
    waiver = scenes.verdicts.propose_waiver(
        by=scene.adjudicator, invitation=again, reason=scenes.RATIONALE
    )
    scenes.verdicts.approve_waiver(by=scene.second_adjudicator, waiver=waiver, now=scene.now)
    unpaired = scene.exhibits(status="accepted")[2].submission
    scenes.filing.withdraw_submission(
        by=unpaired.filed_by, submission=unpaired, reason="The car was sold.", now=timezone.now()
    )
    scenes.claims.add_entity(
        by=scene.moderator,
        company=scene.claim.company,
        name=scenes.write("en", "The maker"),
        jurisdiction="CN",
        now=scene.now,
    )
    Teardown.objects.update(laboratory=Membership.objects.earliest("id").organisation)
    ids = _all_ids()
    assert len(EVERY) > 15
    for name, prepared in EVERY.items():
        several = "ANY(" in str(prepared.queryset(scene.claim.pk).query)
        values = (
            [ids, [uuid4()], [], ids[::2]]
            if several
            else [scene.claim.pk, uuid4(), scene.source.pk]
        )
        if name.endswith("_by_reference"):
            values = [scene.claim.reference, "AC-0000-0000", "", "'; --"]
        given = [[_flat(one) for one in prepared(value)] for value in values]
        assert given == [[_flat(one) for one in prepared.queryset(value)] for value in values], name
        assert any(given), f"nothing in the scene is asked for by {name}"
        with CaptureQueriesContext(connection) as asked:
            prepared(values[0])
        assert len(asked) == 1, name


@pytest.mark.django_db(transaction=True)
def test_every_thread_asks_through_its_own_connection() -> None:
    claim = scenes.build_claim().claim.pk
    aspects = CompiledQuery(lambda claim: Aspect.objects.filter(claim=claim).order_by("number"))
    here = [one.pk for one in aspects(claim)]

    def elsewhere() -> tuple[bool, list[object], bool]:
        try:
            return (
                connection.connection is None,
                [one.pk for one in aspects(claim)],
                connection.connection is None,
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(elsewhere).result() == (True, here, False)
    assert len(here) == 2


@pytest.mark.django_db(transaction=True)
def test_what_hangs_on_a_claim_is_all_that_is_public_of_it_and_nothing_of_another() -> None:
    scene = scenes.build_case()
    scenes.build_pointing(scene)
    scenes.build_reply(scene, Invitation.objects.get())
    alone = history_objects.claim_objects(scene.claim)
    assert len(alone) > 18
    for label, keys in alone.items():
        model = registry.recorded[label].model
        public = model.objects.public() if hasattr(model.objects, "public") else model.objects.all()
        assert sorted(keys) == sorted(str(key) for key in public.values_list("pk", flat=True)), (
            label
        )
    other = scenes.build_claim_beside(scene)
    assert history_objects.claim_objects(scene.claim) == alone
    assert {
        key for keys in history_objects.claim_objects(other).values() for key in keys
    }.isdisjoint({key for keys in alone.values() for key in keys})


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_it_is_asked_plainly() -> None:
    """A prepared statement that another connection does not know would take the transaction with
    it."""
    claim = scenes.build_claim().claim.pk
    aspects = CompiledQuery(lambda claim: Aspect.objects.filter(claim=claim).order_by("number"))
    known = aspects(claim)
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    with transaction.atomic():
        assert aspects(claim) == known
        assert Aspect.objects.filter(claim=claim).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_list_of_none_is_answered_without_asking() -> None:
    aspects = CompiledQuery(lambda ids: Aspect.objects.filter(id__among=ids))
    with CaptureQueriesContext(connection) as asked:
        assert aspects([]) == []
    assert len(asked) == 0


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_never_prepared_it_is_asked_plainly() -> None:
    """As behind a pooler, which may give each transaction another connection."""
    claim = scenes.build_claim().claim.pk
    aspects = CompiledQuery(lambda claim: Aspect.objects.filter(claim=claim).order_by("number"))
    known = aspects(claim)
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert aspects(claim) == known
    assert len(known) == 2
