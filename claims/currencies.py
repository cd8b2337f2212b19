"""Currencies by ISO 4217: which codes there are, and with how many decimals an amount is written.
Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Final, Literal

_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP "
    "BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB "
    "EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD "
    "JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP "
    "MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR "
    "RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND "
    "TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF "
    "YER ZAR ZMW ZWG "
)
#: Codes of money in use. Precious metals, test codes and "no currency" are none.
CODES: Final = frozenset(_CODES.split())
_DECIMALS: Final = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    "CLF": 4,
    "UYW": 4,
}
#: What people write instead of a code.
MEANT: Final = {
    "RMB": "CNY", "CNH": "CNY", "YUAN": "CNY", "元": "CNY", "人民币": "CNY", "¥": "CNY", "€": "EUR",
    "$": "USD", "£": "GBP", "HK$": "HKD", "US$": "USD", "美元": "USD", "欧元": "EUR", "港元": "HKD",
    "港币": "HKD", "日元": "JPY", "NTD": "TWD", "NT$": "TWD", "YEN": "JPY", "EURO": "EUR",
    "STG": "GBP",
    "SFR": "CHF", "BYR": "BYN", "ANG": "XCG", "HRK": "EUR",
}  # fmt: skip


def suggest_code(code: str) -> str:
    """The code that was probably meant by what is none, or an empty text."""
    tidy = code.strip().upper()
    return tidy if tidy in CODES else MEANT.get(tidy, "")


def decimals(code: str) -> int:
    """How many decimals an amount of a currency has; of a code that is none, two."""
    return _DECIMALS.get(code, 2)


def fits_decimals(amount: Decimal, code: str) -> bool:
    """Whether an amount has no more decimals than its currency."""
    return -int(amount.normalize(Context(prec=60)).as_tuple().exponent) <= decimals(code)


def format_amount(amount: Decimal, code: str) -> str:
    """An exact amount with its thousands apart, and decimals only where there are any: `42,000`,
    `1,500.50`. Never raises."""
    if not amount.is_finite():
        return str(amount)
    places = max(decimals(code), -int(amount.normalize(Context(prec=60)).as_tuple().exponent))
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.{places}f}"


#: What Chinese readers call the money of a code, where it has a name that no other money shares.
_CHINESE: Final[Mapping[str, str]] = {
    "CNY": "元", "HKD": "港元", "MOP": "澳门元", "TWD": "新台币", "USD": "美元", "EUR": "欧元",
    "GBP": "英镑", "JPY": "日元", "KRW": "韩元", "AUD": "澳元", "CAD": "加元", "NZD": "新西兰元",
    "SGD": "新加坡元", "CHF": "瑞士法郎", "RUB": "俄罗斯卢布", "THB": "泰铢", "MYR": "林吉特",
    "IDR": "印尼盾", "VND": "越南盾", "PHP": "菲律宾比索", "INR": "印度卢比", "SEK": "瑞典克朗",
    "NOK": "挪威克朗", "DKK": "丹麦克朗", "BRL": "巴西雷亚尔", "MXN": "墨西哥比索",
    "ZAR": "南非兰特", "TRY": "土耳其里拉", "AED": "阿联酋迪拉姆", "SAR": "沙特里亚尔",
}  # fmt: skip


def in_words(amount: Decimal, code: str, lang: Literal["en", "zh-Hans"]) -> str:
    """An exact amount with its currency as people write it: `CNY 42,000`, `42,000元`. In Chinese a
    currency without a short name keeps its code, after the amount."""
    exact = format_amount(amount, code)
    if lang == "en":
        return f"{code}\u00a0{exact}"
    return f"{exact}{_CHINESE[code]}" if code in _CHINESE else f"{exact}\u00a0{code}"
