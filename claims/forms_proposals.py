"""What people type who propose a claim, and moderators who decide what becomes of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.organisation_names import fold_name
from claims.actions import NewProposal
from claims.bulk_files import LONGEST_FILE, FileUnreadableError, read_rows, read_text
from claims.duplicates import SimilarClaim, find_duplicates, plain, texts_of
from claims.editing import EditForm
from claims.fields import LanguageField, PairField
from claims.localized_text import LANGUAGES, read, write
from claims.models import Claim, ClaimProposal, Company, Product
from claims.proposal_links import PREFILLED
from claims.references import read_reference
from claims.states import Channel, ClaimKind
from claims.validators import validate_address
from ui.languages import page_language

#: The list of companies that the page offers while a name is typed.
COMPANIES_LIST = "companies-list"


class ProposedRowForm(forms.Form):
    """A claim as somebody proposes it: what was said, where and by whom, and what is wrong with
    it."""

    quote = forms.CharField(
        label=lazy("Exact quote"),
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=lazy("Word for word, in the original language."),
    )
    quote_lang = LanguageField(label=lazy("Language of the quote"))
    company_name = forms.CharField(
        label=lazy("Company"),
        max_length=200,
        widget=forms.TextInput(attrs={"list": COMPANIES_LIST, "autocomplete": "off"}),
        help_text=lazy("Who said it. Choose from the list, or type another name."),
    )
    product_name = forms.CharField(label=lazy("Product or service"), max_length=200, required=False)
    channel = forms.ChoiceField(label=lazy("Channel"), choices=[("", "—"), *Channel.choices])
    address = forms.URLField(
        label=lazy("Web address of the quote"),
        required=False,
        max_length=2000,
        assume_scheme="https",
        validators=[validate_address],
    )
    place = forms.CharField(
        label=lazy("Or where else it is"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=lazy("For example: on page 4 of the contract, or in a chat with the shop."),
    )
    why = forms.CharField(
        label=lazy("Why it should be checked"),
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=lazy(
            "What you think is wrong, or why it matters. Only moderators, adjudicators and "
            "auditors can read it."
        ),
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.similar: list[SimilarClaim] = []

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not self.errors and not given["address"] and not given["place"]:
            self.add_error(
                "address", _("Give the address of the words, or describe where they are.")
            )
        if not self.errors:
            self.similar = find_duplicates(
                companies=[given["company_name"]], quote=given["quote"], address=given["address"]
            ).claims
        return given

    @property
    def proposal(self) -> NewProposal:
        """What was typed, for the action."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "different"}
        return NewProposal(**given)


class ClaimProposalForm(ProposedRowForm):
    """The same as a page: what may be the same is shown before it is proposed."""

    different = forms.BooleanField(
        label=lazy("I checked the claims shown. Mine is a different one."), required=False
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["quote_lang"].initial = page_language()

    def prefill(self, asked: QueryDict) -> None:
        """Fill in what the address of the page says (claims.proposal_links). Nothing is checked
        before the form is sent."""
        for parameter, name in PREFILLED.items():
            if value := asked.get(parameter, ""):
                longest = getattr(self.fields[name], "max_length", None)
                self.initial[name] = value[:longest]

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if self.similar and not given["different"]:
            self.add_error(
                "different",
                _(
                    "The claims below may be the same. Open them. If yours is different, tick "
                    "this box and send again."
                ),
            )
        return given


class BulkForm(forms.Form):
    """Several proposals at once: a file, or its content."""

    file = forms.FileField(label=lazy("File (CSV or JSON)"), required=False)
    content = forms.CharField(
        label=lazy("Or its content"),
        required=False,
        max_length=LONGEST_FILE,
        widget=forms.Textarea(attrs={"rows": 8}),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        upload, content = given.get("file"), given.get("content") or ""
        try:
            if upload:
                content = read_text(upload.read(4 * LONGEST_FILE + 1))
            given["content"], given["rows"] = content, read_rows(content)
        except FileUnreadableError as error:
            self.add_error("file" if upload else "content", str(error))
        return given


class AnswerProposalForm(forms.Form):
    """What a proposer answers to the question with which a proposal was returned."""

    answer = forms.CharField(
        label=lazy("Your reply"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=8000,
        help_text=lazy("For moderators only; never published."),
    )
    lang = LanguageField(label=lazy("Language"))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["lang"].initial = page_language()


class TriageForm(EditForm):
    """A decision on a proposal, with words that its proposer reads."""

    reason = PairField(label=lazy("Reason"), rows=2, help_text=lazy("The proposer reads this."))

    def __init__(self, data: Any = None, *, proposal: ClaimProposal) -> None:
        super().__init__(data, row=proposal)


class QuestionForm(EditForm):
    """A question to the proposer."""

    question = PairField(
        label=lazy("Question"),
        rows=2,
        help_text=lazy("The proposer reads this, and can reply."),
    )

    def __init__(self, data: Any = None, *, proposal: ClaimProposal) -> None:
        super().__init__(data, row=proposal)


class MergeForm(TriageForm):
    """With which claim a proposal is merged: one of those that are alike, or any other by its
    reference."""

    same_as = forms.ChoiceField(
        label=lazy("The same claim"), required=False, widget=forms.RadioSelect
    )
    reference = forms.CharField(
        label=lazy("Or the reference of another claim"), required=False, max_length=80
    )
    field_order = ("same_as", "reference", "reason")

    def __init__(
        self, data: Any = None, *, proposal: ClaimProposal, similar: list[SimilarClaim]
    ) -> None:
        super().__init__(data, proposal=proposal)
        field = self.fields["same_as"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (
                str(each.claim.pk),
                f"{each.claim.reference} · {read(each.claim.summary, page_language()).text}",
            )
            for each in similar
        ]
        if not similar:
            del self.fields["same_as"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        chosen, typed = given.pop("same_as", ""), given.pop("reference", "").strip()
        if bool(chosen) == bool(typed):
            self.add_error("reference", _("Choose one claim, or enter the reference of one."))
            return given
        reference = read_reference(typed) if typed else None
        rows = (
            Claim.objects.filter(pk=chosen) if chosen else Claim.objects.filter(reference=reference)
        )
        claim = rows.first()
        if claim is None:
            self.add_error("reference", _("There is no claim with this reference."))
        given["claim"] = claim
        return given


class ProposalOutcomeForm(EditForm):
    """What the proposer is told when the claim that they proposed is registered. Puffery needs a
    reason."""

    reason = PairField(
        label=lazy("Note to the proposer"),
        rows=2,
        required=False,
        help_text=lazy(
            "The proposer reads this. If you record the claim as puffery, say why it cannot be "
            "checked."
        ),
    )

    def __init__(self, data: Any = None, *, proposal: ClaimProposal, prefix: str) -> None:
        super().__init__(data, row=proposal, prefix=prefix)
        self.asked_kind: object = ""

    def clean_reason(self) -> dict[str, Any]:
        """Raises ValidationError for puffery without a reason."""
        reason: dict[str, Any] = self.cleaned_data["reason"]
        if self.asked_kind == ClaimKind.PUFFERY and not reason:
            raise forms.ValidationError(
                _("Say why it is puffery. The person who proposed it reads it.")
            )
        return reason


def as_proposed(proposal: ClaimProposal) -> dict[str, Any]:
    """What the form for a new claim starts with: what is in the record by its id, what is new by
    the words of the proposer."""
    alike = find_duplicates(
        companies=[proposal.company_name],
        products=[proposal.product_name],
        address=proposal.address,
    )
    lang = proposal.quote_lang if proposal.quote_lang in LANGUAGES else page_language()
    initial: dict[str, Any] = {
        "quote": proposal.quote,
        "quote_lang": proposal.quote_lang,
        "channel": proposal.channel,
    }
    product = next((each for each in alike.products if _is_called(each, proposal)), None)
    company = next((each for each in alike.companies if _is_named(each, proposal)), None)
    if product is not None:
        initial |= {"product": str(product.pk)}
    else:
        initial |= {
            "company": str(company.pk) if company else "",
            "new_company": {} if company else write(lang, proposal.company_name),
            "new_product": write(lang, proposal.product_name) if proposal.product_name else {},
        }
    owner = product.company_id if product else company.pk if company else None
    if alike.sources and alike.sources[0].company_id == owner:
        return initial | {"source": str(alike.sources[0].pk)}
    return initial | {"source_url": proposal.address}


def _is_named(company: Company, proposal: ClaimProposal) -> bool:
    wanted = fold_name(proposal.company_name)
    return any(fold_name(name) == wanted for name in texts_of(company.name))


def _is_called(product: Product, proposal: ClaimProposal) -> bool:
    return _is_named(product.company, proposal) and any(
        plain(name) == plain(proposal.product_name) for name in texts_of(product.name)
    )
