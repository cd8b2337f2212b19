"""Every change to who people are."""

from accounts.actions.deletion import (
    delete_account,
)
from accounts.actions.endings import (
    SECOND,
    EndingDecidedError,
    check_decides,
    check_proposes,
    confirm_ending,
    leave_role,
    propose_ending,
    refuse_ending,
    withdraw_ending,
)
from accounts.actions.installation import (
    SetUpRefusedError,
    set_up,
)
from accounts.actions.invitations import (
    InvitationClosedError,
    accept_invitation,
    addresses,
    approve_invitation,
    check_answers,
    check_second_person,
    decline_invitation,
    digest_of,
    expire_invitations,
    may_approve_alone,
    objections_to,
    propose_invitation,
    refuse_invitation,
    resend_invitation,
    roles_offered,
    withdraw_invitation,
)
from accounts.actions.keys import (
    MAX_KEYS,
    create_key,
    revoke_key,
)
from accounts.actions.organisations import (
    found_organisation,
)
from accounts.actions.roles import (
    end_seat,
    grant_role,
)
from accounts.actions.second_factors import (
    reset_second_factor,
)
from accounts.actions.sign_up import (
    SignUpChangedError,
    close_sign_up,
    is_mailbox,
    may_sign_up,
    open_sign_up,
)
from accounts.actions.suspensions import (
    SuspensionDecidedError,
    check_decides_suspension,
    check_lifts,
    check_suspends,
    confirm_suspension,
    lift_suspension,
    refuse_suspension,
    suspend_account,
    suspension_of,
    withdraw_suspension,
)

__all__ = [
    "MAX_KEYS",
    "SECOND",
    "EndingDecidedError",
    "InvitationClosedError",
    "SetUpRefusedError",
    "SignUpChangedError",
    "SuspensionDecidedError",
    "accept_invitation",
    "addresses",
    "approve_invitation",
    "check_answers",
    "check_decides",
    "check_decides_suspension",
    "check_lifts",
    "check_proposes",
    "check_second_person",
    "check_suspends",
    "close_sign_up",
    "confirm_ending",
    "confirm_suspension",
    "create_key",
    "decline_invitation",
    "delete_account",
    "digest_of",
    "end_seat",
    "expire_invitations",
    "found_organisation",
    "grant_role",
    "is_mailbox",
    "leave_role",
    "lift_suspension",
    "may_approve_alone",
    "may_sign_up",
    "objections_to",
    "open_sign_up",
    "propose_ending",
    "propose_invitation",
    "refuse_ending",
    "refuse_invitation",
    "refuse_suspension",
    "resend_invitation",
    "reset_second_factor",
    "revoke_key",
    "roles_offered",
    "set_up",
    "suspend_account",
    "suspension_of",
    "withdraw_ending",
    "withdraw_invitation",
    "withdraw_suspension",
]
