"""Which public pages a change concerns: for every table that they read, the rule for dropping the
pages that were kept (reports.pages.page_cache).

A page names what it shows by keys (`claim:<id>`); a trigger on each table writes the keys that a
change concerns into `reports_pagechange`, in the transaction of the change, whoever changes it and
by whatever way. So a change about one claim drops its pages and the lists it stands in, nothing
else. The rules read event rows, which hold the new values of whatever was inserted, updated or
deleted; a page that shows a row has its key, so a row that moves away drops it too.

What is not public concerns no page: a kept page that fell when something was proposed would tell
that something was proposed, to whoever measures how fast it is answered.
"""
# ruff: noqa: S608  the names in this SQL are tables and columns of our own models

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pgtrigger
from django.apps import apps
from django.db import models

from ledger import registry
from ledger.triggers import AlwaysTrigger

#: Concerns every page: something was erased.
EVERYTHING: Final = "*"
#: Concerns every list and feed, which must not show for one more moment what was hidden.
LISTS: Final = "lists"
CLAIMS: Final = "claims"
COMPANIES: Final = "companies"
VERDICTS: Final = "verdicts"
EDITS: Final = "edits"
DISAPPEARANCES: Final = "disappearances"
CHECKPOINT: Final = "checkpoint"


def claim_key(pk: object) -> str:
    """A claim and all that hangs on it."""
    return f"claim:{pk}"


def company_key(pk: object) -> str:
    """What a company is called, with its legal entities: named on the pages of its claims."""
    return f"company:{pk}"


def company_page_key(pk: object) -> str:
    """All that stands on the page of a company."""
    return f"of-company:{pk}"


def product_key(pk: object) -> str:
    """What a product and its options are called."""
    return f"product:{pk}"


def product_page_key(pk: object) -> str:
    """All that stands on the page of a product."""
    return f"of-product:{pk}"


def source_key(pk: object) -> str:
    """A source and its versions, but not the checks that found nothing new."""
    return f"source:{pk}"


def looks_key(pk: object) -> str:
    """Every check of a source."""
    return f"looks:{pk}"


@dataclass(frozen=True)
class Rule:
    """What a change of one table concerns: `keys` are SQL of texts, over the changed rows `v` and
    what `joins` finds for them, where `where` holds. No keys: no page, and `why` says so."""

    keys: tuple[str, ...] = ()
    joins: str = ""
    where: str = "TRUE"
    why: str = ""

    def select(self) -> str:
        """A query of the keys, each once."""
        values = ", ".join(f"({key})" for key in self.keys)
        return (
            f"SELECT DISTINCT k.key FROM new_values v {self.joins} "
            f"CROSS JOIN LATERAL (VALUES {values}) k(key) WHERE ({self.where}) "
            f"AND k.key IS NOT NULL"
        )


def _constant(key: str) -> str:
    return f"'{key}'"


_OF_CLAIM: Final = ("'claim:' || c.id",)
#: What lists and the pages of company and product show of a claim too.
_IN_LISTS: Final = (
    *_OF_CLAIM,
    "'of-company:' || c.company_id",
    "'of-product:' || c.product_id",
    _constant(CLAIMS),
    _constant(COMPANIES),
    _constant(VERDICTS),
)
#: Of a submission `s` that is public or was.
_SEEN: Final = "s.status = 'accepted' OR s.status = 'withdrawn' AND s.decided_at IS NOT NULL"
_PUBLIC_VERDICT: Final = "IN ('published', 'superseded')"


def _about_claim(claim: str, joins: str = "", where: str = "TRUE", *more: str) -> Rule:
    return Rule((*_OF_CLAIM, *more), f"{joins} JOIN claims_claim c ON c.id = {claim}", where)


def _in_lists(claim: str, joins: str = "", where: str = "TRUE") -> Rule:
    return Rule(_IN_LISTS, f"{joins} JOIN claims_claim c ON c.id = {claim}", where)


def _evidence(joins: str, *more: str) -> Rule:
    """Of what hangs on a submission, which `joins` calls `s`."""
    return _about_claim("s.claim_id", joins, _SEEN, *more)


_ASPECT: Final = "JOIN claims_aspect a ON a.id = v.aspect_id"
_SUBMISSION: Final = "JOIN evidence_submission s ON s.id = v.submission_id"
_EXHIBIT: Final = (
    "JOIN evidence_exhibit e ON e.id = v.exhibit_id "
    "JOIN evidence_submission s ON s.id = e.submission_id"
)
_TEARDOWN: Final = (
    "JOIN evidence_teardown t ON t.id = v.teardown_id "
    "JOIN evidence_submission s ON s.id = t.submission_id"
)
_VERDICT: Final = (
    "JOIN verdicts_verdict w ON w.id = v.verdict_id JOIN claims_aspect a ON a.id = w.aspect_id"
)
_INVITATION: Final = "JOIN verdicts_invitation i ON i.id = v.invitation_id"
_FINDING_PUBLIC: Final = (
    "EXISTS (SELECT FROM verdicts_verdict w WHERE w.aspect_id = {finding}.aspect_id "
    f"AND w.status {_PUBLIC_VERDICT} AND w.published_at >= {{finding}}.created_at)"
)

#: By the permanent name of what is recorded.
RECORDED: Final[dict[str, tuple[Rule, ...]]] = {
    "company": (
        Rule((
            "'company:' || v.pgh_obj_id", "'of-company:' || v.pgh_obj_id",
            _constant(CLAIMS), _constant(COMPANIES), _constant(VERDICTS),
            _constant(EDITS), _constant(DISAPPEARANCES),
        )),
    ),
    "legal_entity": (Rule(("'company:' || v.company_id", "'of-company:' || v.company_id")),),
    "product": (
        Rule((
            "'product:' || v.pgh_obj_id", "'of-product:' || v.pgh_obj_id",
            "'of-company:' || v.company_id",
            _constant(CLAIMS), _constant(COMPANIES), _constant(VERDICTS),
        )),
    ),
    "product_option": (
        Rule(
            (
                "'product:' || p.id", "'of-product:' || p.id", "'of-company:' || p.company_id",
                _constant(CLAIMS), _constant(VERDICTS),
            ),
            "JOIN claims_product p ON p.id = v.product_id",
        ),
    ),
    "source": (
        Rule((
            "'source:' || v.pgh_obj_id", "'of-company:' || v.company_id",
            _constant(EDITS), _constant(DISAPPEARANCES),
        )),
    ),
    "entity_role": (
        Rule(
            (
                "'of-product:' || v.product_id", "'source:' || v.source_id",
                "'of-company:' || l.company_id",
            ),
            "JOIN claims_legalentity l ON l.id = v.entity_id",
        ),
    ),
    "claim": (
        Rule((
            "'claim:' || v.pgh_obj_id", "'of-company:' || v.company_id",
            "'of-product:' || v.product_id",
            _constant(CLAIMS), _constant(COMPANIES), _constant(VERDICTS),
            _constant(EDITS), _constant(DISAPPEARANCES),
            f"CASE WHEN v.status = 'withdrawn' THEN '{LISTS}' END",
        )),
    ),
    "aspect": (_in_lists("v.claim_id"),),
    "criterion": (_in_lists("a.claim_id", _ASPECT),),
    "appearance": (
        Rule(
            (
                *_IN_LISTS, "'source:' || v.source_id",
                _constant(EDITS), _constant(DISAPPEARANCES),
            ),
            "JOIN claims_claim c ON c.id = v.claim_id",
        ),
    ),
    "flag": (_in_lists("v.claim_id"),),
    "series": (Rule(("'of-company:' || v.company_id",)),),
    "series_point": (
        Rule(
            ("'of-company:' || r.company_id", "'source:' || v.source_id"),
            "JOIN claims_series r ON r.id = v.series_id",
        ),
    ),
    "series_note": (
        Rule(
            ("'of-company:' || r.company_id", "'source:' || v.source_id"),
            "JOIN claims_series r ON r.id = v.series_id",
        ),
    ),
    "submission": (
        _about_claim(
            "s.claim_id",
            "CROSS JOIN LATERAL (SELECT v.claim_id, v.status, v.decided_at) s",
            _SEEN,
            f"CASE WHEN s.status = 'withdrawn' THEN '{LISTS}' END",
        ),
    ),
    "exhibit": (
        _evidence(_SUBMISSION, f"CASE WHEN v.status = 'withheld' THEN '{LISTS}' END"),
    ),
    "custody_event": (_evidence(_EXHIBIT),),
    "region": (_evidence(_EXHIBIT),),
    "comparison": (_about_claim("v.claim_id"),),
    "sealed_view": (_evidence(_SUBMISSION),),
    "teardown": (_evidence(_SUBMISSION),),
    "part": (_evidence(_TEARDOWN),),
    "teardown_step": (_evidence(_TEARDOWN),),
    "measurement": (_evidence(_TEARDOWN),),
    "unit": (
        _evidence(
            "JOIN evidence_teardown t ON t.unit_id = v.pgh_obj_id "
            "JOIN evidence_submission s ON s.id = t.submission_id"
        ),
    ),
    "capture": (
        # One that is new comes with the version or the check that it was made for.
        Rule(("'source:' || v.source_id",), where="v.pgh_label <> 'insert'"),
    ),
    "version": (Rule(("'source:' || v.source_id", _constant(EDITS))),),
    "observation": (
        Rule(("'looks:' || v.source_id",)),
        # That a source was checked at all is told of it; a version tells itself.
        Rule(
            ("'source:' || v.source_id",),
            where="NOT EXISTS (SELECT FROM evidence_observation o WHERE o.source_id = v.source_id "
            "AND o.id <> v.pgh_obj_id)",
        ),
    ),
    "sighting": (
        Rule(
            (*_OF_CLAIM, "'source:' || p.source_id", _constant(EDITS)),
            "JOIN claims_appearance p ON p.id = v.appearance_id "
            "JOIN claims_claim c ON c.id = p.claim_id",
        ),
    ),
    "disappearance": (
        Rule(
            ("'source:' || v.source_id", _constant(DISAPPEARANCES)),
            where="v.confirmed_at IS NOT NULL",
        ),
    ),
    "finding": (_about_claim("a.claim_id", _ASPECT, _FINDING_PUBLIC.format(finding="v")),),
    "finding_exhibit": (
        _about_claim(
            "a.claim_id",
            "JOIN verdicts_finding f ON f.id = v.finding_id "
            "JOIN claims_aspect a ON a.id = f.aspect_id",
            _FINDING_PUBLIC.format(finding="f"),
        ),
    ),
    "invitation": (_in_lists("v.claim_id"),),
    "waiver": (_about_claim("i.claim_id", _INVITATION, "v.status = 'approved'"),),
    "reply": (_in_lists("i.claim_id", _INVITATION, "v.status IN ('given', 'confirmed')"),),
    "verdict": (_in_lists("a.claim_id", _ASPECT, f"v.status {_PUBLIC_VERDICT}"),),
    "verdict_exhibit": (
        _in_lists("a.claim_id", _VERDICT, f"w.status {_PUBLIC_VERDICT}"),
    ),
    "incident": (
        Rule((
            "'of-company:' || v.company_id", "'of-product:' || v.product_id",
            _constant(COMPANIES),
        )),
    ),
    "occurrence": (
        Rule(
            (
                "'of-company:' || n.company_id", "'of-product:' || n.product_id",
                "'source:' || v.source_id",
            ),
            "JOIN verdicts_incident n ON n.id = v.incident_id",
        ),
    ),
    "report": (
        Rule((
            "'claim:' || v.claim_id", "'source:' || v.source_id",
            f"CASE WHEN v.withheld_at IS NOT NULL THEN '{LISTS}' END",
        )),
    ),
    "report_file": (
        Rule(
            ("'claim:' || r.claim_id", "'source:' || r.source_id"),
            "JOIN reports_report r ON r.id = v.report_id",
        ),
    ),
    # An organisation that is new stands on no page; what one is called may stand on any.
    "organisation": (Rule((_constant(EVERYTHING),), where="v.pgh_label <> 'insert'"),),
    # Who acts for a company, or belongs to a laboratory, makes its evidence that company's.
    "membership": (
        _evidence("JOIN evidence_submission s ON s.filed_by_id = v.user_id"),
        _evidence(
            "JOIN evidence_teardown t ON t.laboratory_id = v.organisation_id "
            "JOIN evidence_submission s ON s.id = t.submission_id"
        ),
    ),
    "erasure": (Rule((_constant(EVERYTHING),)),),
    "alert": (Rule(why="for moderators alone"),),
    "claim_proposal": (Rule(why="on no public page but those of the log; its claim has its own"),),
    "proposal_question": (Rule(why="between a proposer and the moderators"),),
    "clarification": (Rule(why="between a submitter and the moderators"),),
    "api_key": (Rule(why="an account's own"),),
    "sign_up": (Rule(why="on no public page but those of the log"),),
    "account_deletion": (Rule(why="an account's own"),),
    "suspension": (Rule(why="between operators and the account; on no public page"),),
    "role_ending": (Rule(why="between operators; the membership tells that it ended"),),
    "second_factor_reset": (Rule(why="an account's own"),),
    "role_invitation": (Rule(why="on no public page but those of the log"),),
    "batch": (Rule(why="its rows are logged together, and each table has its own rule"),),
}  # fmt: skip

#: By table: what is not recorded, or is the record itself.
OTHERS: Final[dict[str, tuple[Rule, ...]]] = {
    "evidence_rendition": (_evidence(_EXHIBIT),),
    "verdicts_verdictdocument": (_in_lists("a.claim_id", _VERDICT, f"w.status {_PUBLIC_VERDICT}"),),
    "ledger_checkpoint": (Rule((_constant(CHECKPOINT),)),),
    "ledger_entry": (Rule(why="a page that shows entries waits for the checkpoint over them"),),
    "ledger_tree": (Rule(why="as the entries"),),
    "ledger_pending": (Rule(why="says only whether a page waits for a checkpoint"),),
    "ledger_opening": (Rule(why="made with its entry; gone with an erasure"),),
    "reports_pagechange": (Rule(why="is what is asked"),),
}


class PageTrigger(AlwaysTrigger):
    """Writes the keys that changed rows concern, in the transaction of the change."""

    when = pgtrigger.After
    level = pgtrigger.Statement

    def __init__(self, rules: tuple[Rule, ...], operation: pgtrigger.Operation) -> None:
        self.rules = rules
        label = str(operation).lower()
        changed = {"old": "new_values"} if label == "delete" else {"new": "new_values"}
        super().__init__(
            name=f"ledger_pages_{label}",
            operation=operation,
            referencing=pgtrigger.Referencing(**changed),
        )

    def get_func(self, model: type[models.Model]) -> str:
        """One INSERT for all keys."""
        keys = " UNION ".join(rule.select() for rule in self.rules)
        return " ".join(f"INSERT INTO reports_pagechange (key) {keys}; RETURN NULL;".split())


def register() -> None:
    """Have the triggers put on after `migrate`, as those of the record are."""
    for name, rules in RECORDED.items():
        if any(rule.keys for rule in rules):
            PageTrigger(rules, pgtrigger.Insert).register(registry.recorded[name].event_model)
    tables = {model._meta.db_table: model for model in apps.get_models()}
    for table, rules in OTHERS.items():
        if any(rule.keys for rule in rules):
            for operation in (pgtrigger.Insert, pgtrigger.Update, pgtrigger.Delete):
                PageTrigger(rules, operation).register(tables[table])
