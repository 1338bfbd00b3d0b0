"""What the operator pays for tokens, as PRICES says it: the page shows it to people in money.

    claude-sonnet-5: 3/15, claude-haiku: 0.8/4/1/0.08, web_search: 10 USD

Each model has the price of a million tokens that are read and of a million that are written, and
optionally those of a million that are written to the prompt cache and read from it. A name stands
for each model whose id begins with it; the longest one counts. ``web_search`` is the price of
1,000 searches. At the end stands the currency, as ISO 4217 names it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from ..protocol.question import is_model
from ..protocol.weights import CACHE_READ, CACHE_WRITE

_WEB_SEARCH = "web_search"
#: At most 6 digits on either side: the page multiplies exactly.
_PRICE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?").fullmatch
#: A comma is missing: in this name there are prices, too.
_TWO_IN_ONE = re.compile(r";|:\s|:[0-9.]+/").search
_FORM = "such as claude-sonnet-5: 3/15, claude-haiku: 0.8/4, web_search: 10 USD"
#: Those of ISO 4217 in which something has a price.
_CURRENCIES = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS "
    "GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW "
    "KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR "
    "MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR "
    "SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
    "USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG".split()
)


@dataclass(frozen=True)
class Price:
    """The prices of a million tokens."""

    input: Decimal
    output: Decimal
    cache_write: Decimal
    cache_read: Decimal


@dataclass(frozen=True)
class PriceList:
    """The prices of models by the beginnings of their ids, in one currency."""

    currency: str
    models: Mapping[str, Price]
    #: Of 1,000 searches; None where it is not known.
    web_search: Decimal | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as ``GET /models`` has it, with numbers."""
        models = {
            name: {kind: float(price) for kind, price in vars(prices).items()}
            for name, prices in self.models.items()
        }
        search = None if self.web_search is None else float(self.web_search)
        return {"currency": self.currency, "models": models, "web_search": search}


def prices(value: str) -> PriceList:
    """Return the list that this text is; raises ``ValueError`` with what it must be."""
    entries, currency = _divided(value)
    models: dict[str, Price] = {}
    search: Decimal | None = None
    for entry in entries:
        name, numbers = _entry(entry)
        if name in models or (name == _WEB_SEARCH and search is not None):
            raise ValueError(f"a list that has {name} once")
        if name == _WEB_SEARCH:
            search = _search(numbers)
        else:
            models[name] = _price(name, numbers)
    if not models:
        raise ValueError(f"a list with at least one model, {_FORM}")
    return PriceList(currency, MappingProxyType(models), search)


def _divided(value: str) -> tuple[list[str], str]:
    """Return the entries and the currency."""
    *before, last = value.rsplit(None, 1)
    if not before or re.search("[0-9:/]", last):
        raise ValueError(f"a list that ends with its currency, {_FORM}")
    if last.upper() not in _CURRENCIES:
        raise ValueError(
            f"a list whose currency is a code of ISO 4217, such as USD or EUR, {_FORM}"
        )
    entries = re.split("[,\n]", before[0])
    return [entry.strip() for entry in entries if entry.strip()], last.upper()


def _entry(entry: str) -> tuple[str, list[str]]:
    """Return its name and numbers; a name may have colons and slashes itself."""
    name, colon, numbers = (part.strip() for part in entry.rpartition(":"))
    if not colon or not is_model(name) or _TWO_IN_ONE(name):
        raise ValueError(f"entries of model: input/output, separated by commas, {_FORM}")
    return name, [number.strip() for number in numbers.split("/")]


def _price(name: str, numbers: list[str]) -> Price:
    if len(numbers) not in (2, 4):
        raise ValueError(
            f"two prices for {name}, of a million tokens of input and of output, or four, with "
            f"those of writing to the cache and reading from it, {_FORM}"
        )
    read, written, *cached = (_number(name, number) for number in numbers)
    write, reread = cached or (read * CACHE_WRITE, read * CACHE_READ)
    return Price(read, written, write, reread)


def _search(numbers: list[str]) -> Decimal:
    if len(numbers) != 1:
        raise ValueError(f"one price for {_WEB_SEARCH}, of 1,000 searches, {_FORM}")
    return _number(_WEB_SEARCH, numbers[0])


def _number(name: str, text: str) -> Decimal:
    if not _PRICE(text):
        raise ValueError(
            f"plain numbers below 1,000,000, with at most 6 decimals, for {name}, {_FORM}"
        )
    return Decimal(text)
