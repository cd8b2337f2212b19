"""Every change to what was said. Moderators make them; flags and progress follow from what the
other apps find."""

from claims.actions.cases import (
    EITHER,
    NewCase,
    case_faults,
    register_case,
)
from claims.actions.claims import (
    NewAspect,
    NewCriterion,
    figure_of,
    mark_overdue,
    place_claim,
    register_claim,
    revise_claim,
    revise_criterion,
    set_progress,
    withdraw_claim,
)
from claims.actions.companies import (
    ELSEWHERE,
    OTHER_OPTION,
    add_company,
    add_entity,
    add_option,
    add_product,
    check_company,
    end_seat,
    give_entity_role,
    give_seat,
    represent_company,
    revise_company,
)
from claims.actions.flags import (
    lift_flag,
    raise_flag,
    withdraw_flag,
)
from claims.actions.rows import (
    M,
    ReasonRequiredError,
)
from claims.actions.series import (
    add_point,
    add_series,
    annotate_series,
    correct_point,
)
from claims.actions.sources import (
    add_source,
    stop_monitoring,
)

__all__ = [
    "EITHER",
    "ELSEWHERE",
    "OTHER_OPTION",
    "M",
    "NewAspect",
    "NewCase",
    "NewCriterion",
    "ReasonRequiredError",
    "add_company",
    "add_entity",
    "add_option",
    "add_point",
    "add_product",
    "add_series",
    "add_source",
    "annotate_series",
    "case_faults",
    "check_company",
    "correct_point",
    "end_seat",
    "figure_of",
    "give_entity_role",
    "give_seat",
    "lift_flag",
    "mark_overdue",
    "place_claim",
    "raise_flag",
    "register_case",
    "register_claim",
    "represent_company",
    "revise_claim",
    "revise_company",
    "revise_criterion",
    "set_progress",
    "stop_monitoring",
    "withdraw_claim",
    "withdraw_flag",
]
