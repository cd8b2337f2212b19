"""What people type about their own account, and operators about organisations and roles."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import SignupForm
from allauth.core import context
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.actions import roles_offered
from accounts.models import Organisation, OrganisationKind, Scope, SignUp, User
from accounts.organisation_names import fold_name

#: Kinds that an operator adds; the operator's own organisation comes with the installation.
ADDED_KINDS = [choice for choice in OrganisationKind.choices if choice[0] != "operator"]


class SignUpForm(SignupForm):  # type: ignore[misc]  # allauth ships no types
    """A new account; while sign-up is closed, for an invited mailbox alone."""

    def clean_email(self) -> str:
        email: str = super().clean_email()
        # The page was shown because this address is invited, or sign-up is open.
        invited = context.request.session.get("account_verified_email") or ""
        if not SignUp.objects.current().is_open and email.lower() != invited.lower():
            raise ValidationError(
                _now(
                    "Only invited people can create an account now. Use the email address at "
                    "which you got the invitation."
                )
            )
        return email


class SignUpStateForm(forms.Form):
    """Why sign-up is opened or closed, and whom people ask meanwhile."""

    contact = forms.CharField(
        label=_("Who to ask for an account"),
        max_length=200,
        help_text=_("An email address, or the address of a page. Public."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Public in the log."),
    )

    def __init__(self, data: Any = None, *, is_open: bool) -> None:
        super().__init__(data)
        if not is_open:  # who opens it again names nobody
            del self.fields["contact"]


class EndingForm(forms.Form):
    """Why somebody's role shall end."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Only operators and auditors can read this."),
    )


class SuspensionForm(forms.Form):
    """Whose account is suspended, and why."""

    account = forms.CharField(
        label=_("Account"),
        max_length=254,
        help_text=_("Its pseudonym or email address."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Not public. The person reads it when they try to sign in."),
    )

    def clean_account(self) -> User:
        name = self.cleaned_data["account"].strip()
        user = User.objects.filter(Q(pseudonym=name) | Q(email=name.lower())).first()
        if user is None:
            raise ValidationError(_now("No account has this pseudonym or email address."))
        return user


class DeletionForm(forms.Form):
    """Whose account goes, typed by hand."""

    pseudonym = forms.CharField(
        label=_("Your pseudonym"),
        max_length=40,
        help_text=_("Type it to confirm that this account is deleted."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        self.user = user

    def clean_pseudonym(self) -> str:
        typed: str = self.cleaned_data["pseudonym"].strip().lower()
        if typed != self.user.pseudonym:
            raise ValidationError(_now("This is not your pseudonym. Nothing was deleted."))
        return typed


class KeyForm(forms.Form):
    """A new key."""

    label = forms.CharField(
        label=_("Purpose"), max_length=80, help_text=_("Only you can see this.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("Permissions"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("one year"))],
        initial=90,
    )


class OrganisationSearchForm(forms.Form):
    """What a list of organisations is narrowed to."""

    q = forms.CharField(label=_("Name"), required=False, max_length=200)
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", _("all kinds")), *OrganisationKind.choices],
    )
    after = forms.UUIDField(required=False, widget=forms.HiddenInput)


class OrganisationForm(forms.Form):
    """A new organisation. One with a similar name is shown first, and then needs a second look."""

    kind = forms.ChoiceField(label=_("Kind"), choices=ADDED_KINDS)
    name = forms.CharField(
        label=_("Name"), max_length=200, help_text=_("Public, as it is registered.")
    )
    website = forms.URLField(
        label=_("Website"), required=False, max_length=200, assume_scheme="https"
    )
    another = forms.BooleanField(
        label=_("This is another organisation than those with a similar name."), required=False
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.similar: list[Organisation] = []

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        folded = fold_name(given.get("name", ""))
        if folded:
            self.similar = [
                row
                for row in Organisation.objects.order_by("name")
                if fold_name(row.name) == folded
            ]
        if self.similar and not given.get("another"):
            raise ValidationError(
                _now(
                    "There are organisations with a similar name, shown here. Nothing is saved "
                    "yet. If yours is another one, tick the box and save again."
                )
            )
        return given


class RoleInvitationForm(forms.Form):
    """Whom to invite, to which role, and why."""

    email = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        help_text=_("Confidential. The role goes to whoever opens the link in this mailbox."),
    )
    role = forms.ChoiceField(label=_("Role"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Who this is and why they should have the role. Not public."),
    )

    def __init__(self, data: Any = None, *, organisation: Organisation) -> None:
        super().__init__(data)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(role.value, role.label) for role in roles_offered(organisation)]
