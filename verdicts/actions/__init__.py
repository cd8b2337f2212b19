"""Every change to what is concluded: findings, the company's say, proposing and approving verdicts.

Each action checks its gates (verdicts.gates) with the rows it is about to change locked, so that
two people acting at once get one result and one sentence.
"""

from verdicts.actions.deadlines import (
    COMPANY_EXTENSION,
    InvitationChangedError,
    extend_deadline,
    extension_gates,
    reply_period,
    working_countries,
)
from verdicts.actions.findings import (
    finding_gates,
    record_finding,
    rule_out,
    scope_gates,
    take_up_again,
)
from verdicts.actions.incidents import (
    add_event,
    correct_event,
    open_incident,
)
from verdicts.actions.replies import (
    ReplyChangedError,
    WaiverChangedError,
    approve_waiver,
    check_gates,
    close_window,
    confirm_reply,
    confirmation_gates,
    discard_reply,
    entry_gates,
    latest_invitation,
    propose_waiver,
    record_reply,
    refuse_waiver,
    request_reply,
    waiver_approval_gates,
    waiver_gates,
)
from verdicts.actions.verdicts import (
    FIRST,
    VerdictChangedError,
    approve_verdict,
    approver_gates,
    proposal_gates,
    propose_verdict,
    reject_verdict,
    rejection_gates,
    standing_gates,
)

__all__ = [
    "COMPANY_EXTENSION",
    "FIRST",
    "InvitationChangedError",
    "ReplyChangedError",
    "VerdictChangedError",
    "WaiverChangedError",
    "add_event",
    "approve_verdict",
    "approve_waiver",
    "approver_gates",
    "check_gates",
    "close_window",
    "confirm_reply",
    "confirmation_gates",
    "correct_event",
    "discard_reply",
    "entry_gates",
    "extend_deadline",
    "extension_gates",
    "finding_gates",
    "latest_invitation",
    "open_incident",
    "proposal_gates",
    "propose_verdict",
    "propose_waiver",
    "record_finding",
    "record_reply",
    "refuse_waiver",
    "reject_verdict",
    "rejection_gates",
    "reply_period",
    "request_reply",
    "rule_out",
    "scope_gates",
    "standing_gates",
    "take_up_again",
    "waiver_approval_gates",
    "waiver_gates",
    "working_countries",
]
