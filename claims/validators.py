"""What may be typed for a unit or a currency: the same sentences at every form, action and
model."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from claims import currencies, units, websites
from engines.fetching.urls import UrlRefusedError, parse_url


def unit_fault(error: units.UnitMismatchError) -> str:
    """The sentence for a unit that cannot be taken."""
    if error.fault == "offset":
        return _(
            "“%(unit)s” does not start at zero. Enter a difference (delta_degC) or an absolute "
            "unit (kelvin)."
        ) % {"unit": error.unit}
    if error.fault == "unknown":
        sentence = _(
            "“%(unit)s” is not a known unit. Enter its symbol, for example m/s, kW or percent."
        ) % {"unit": error.unit}
        return (
            f"{sentence} " + _("Did you mean %(meant)s?") % {"meant": error.meant}
            if error.meant
            else sentence
        )
    return _(
        "“%(unit)s” cannot be compared with “%(other)s”, the unit of the threshold. Check the unit."
    ) % {
        "unit": error.unit,
        "other": error.other,
    }


def validate_unit(unit: str) -> None:
    """Raises ValidationError unless the unit is known and has no offset."""
    try:
        units.check_unit(unit)
    except units.UnitMismatchError as error:
        raise ValidationError(unit_fault(error), code="unit") from error


def validate_unit_against(unit: str, threshold: str) -> None:
    """Raises ValidationError unless a number in `unit` can be set against a threshold in the
    other."""
    try:
        units.check_same_kind(unit, threshold)
    except units.UnitMismatchError as error:
        raise ValidationError(unit_fault(error), code="unit") from error


def validate_website(website: str) -> None:
    """Raises ValidationError unless the address has the host of a company: from it follows who may
    answer."""
    sentences = {
        "scheme": _("Enter the full address, beginning with https://."),
        "user": _("Remove user name and password."),
        "port": _("Remove the port."),
        "host": _("“%(website)s” has no host name that exists in public. Check its spelling."),
        "address": _("Enter the host name, not its IP address."),
    }
    try:
        websites.host_of(website)
    except websites.WebsiteError as error:
        if settings.LOOPBACK_ONLY and (urlsplit(website).hostname or "") in {
            "127.0.0.1",
            "localhost",
        }:
            return  # the company of the demonstration
        raise ValidationError(
            sentences[error.fault] % {"website": website[:80]}, code="website"
        ) from error


def validate_address(url: str) -> None:
    """Raises ValidationError unless the address of a source can be visited: it is looked at again
    and again, and stands in public."""
    try:
        parse_url(url)
    except UrlRefusedError as error:
        sentences = {"userinfo": _("Remove user name and password."), "port": _("Remove the port.")}
        other = _(
            "We cannot visit this address. Enter a full address that begins with https:// or "
            "http://. Nothing was saved."
        )
        raise ValidationError(sentences.get(error.code, other), code="address") from error


def validate_currency(code: str) -> None:
    """Raises ValidationError unless it is a code of ISO 4217, in capitals."""
    if code in currencies.CODES:
        return
    sentence = _("“%(code)s” is not a currency code of ISO 4217, for example CNY or EUR.") % {
        "code": code[:12]
    }
    meant = currencies.suggest_code(code)
    raise ValidationError(
        f"{sentence} " + _("Did you mean %(meant)s?") % {"meant": meant} if meant else sentence,
        code="currency",
    )


def validate_money(amount: Decimal | None, code: str) -> None:
    """Raises ValidationError for more decimals than the currency has."""
    if (
        amount is not None
        and code in currencies.CODES
        and amount.is_finite()
        and not currencies.fits_decimals(amount, code)
    ):
        raise ValidationError(
            _("An amount in %(code)s has %(decimals)d decimals at most.")
            % {"code": code, "decimals": currencies.decimals(code)},
            code="decimals",
        )


def threshold_faults(
    *,
    comparator: str,
    value: Decimal | None,
    value_to: Decimal | None,
    tolerance: Decimal | None,
    unit: str,
    baseline: bool,
) -> dict[str, str]:
    """A sentence for each field that does not go with the comparator, or is missing for it; by
    field."""
    if not all(number is None or number.is_finite() for number in (value, value_to, tolerance)):
        return {}  # their fields say so
    faults = {}
    if comparator == "between":
        if value_to is None or (value is not None and value_to <= value):
            faults["value_to"] = _("“Between” needs two values, the larger one second.")
    elif value_to is not None:
        faults["value_to"] = _("Only “between” has a second value.")
    if tolerance is not None and tolerance < 0:
        faults["tolerance"] = _("A tolerance is not negative.")
    elif comparator in {"exactly", "about"} and not tolerance:
        faults["tolerance"] = _(
            "No measured value is exact. Enter how far it may be from this one (±)."
        )
    if baseline and unit != "percent":
        faults["baseline"] = _("Only a value in percent has a baseline.")
    return faults
