"""PRICES: what the operator pays for tokens, read exactly or refused in a sentence."""

import re
from decimal import Decimal

import pytest

from claude_sse.config.price_list import prices
from claude_sse.config.settings import ConfigError, from_environ


def test_prices_are_read_exactly():
    """Prices are decimals; those of the cache are 1.25 times and a tenth of the input's."""
    found = prices("claude-sonnet-5: 3/15, claude-haiku: 0.8/4 USD")
    assert found.currency == "USD" and found.web_search is None
    sonnet, haiku = found.models.values()
    assert list(found.models) == ["claude-sonnet-5", "claude-haiku"]
    assert list(vars(sonnet).values()) == [3, 15, Decimal("3.75"), Decimal("0.3")]
    assert list(vars(haiku).values()) == list(map(Decimal, ("0.8", "4", "1", "0.08")))


@pytest.mark.parametrize(
    "value",
    [
        "m: 1/2/3/0.5, web_search: 10 EUR",
        "web_search:10,m:1/2/3/0.5 eur",
        " m : 1 / 2 / 3 / 0.5 ,\n web_search : 10 ,\n EUR",
        "m: 1.0/2.000/000003/0.500000\nweb_search: 10.0\nEUR",
    ],
)
def test_spaces_lines_and_order_do_not_matter(value):
    """Entries stand in any order, separated by commas or lines, with any spaces."""
    assert prices(value).as_json() == {
        "currency": "EUR",
        "models": {"m": {"input": 1, "output": 2, "cache_write": 3, "cache_read": 0.5}},
        "web_search": 10,
    }


@pytest.mark.parametrize(
    "name", ["anthropic/claude-5", "eu.claude-5-v1:0", "claude@2026", "my model"]
)
def test_a_model_has_any_name(name):
    """Gateways name models with colons, slashes and spaces; a model may cost nothing."""
    assert list(prices(f"{name}: 0/0 USD").models) == [name]


_CURRENCY = "ends with its currency"
_CODE = "code of ISO 4217"
_ENTRIES = "entries of model: input/output"
_TWO = "two prices for m"
_NUMBERS = "plain numbers below 1,000,000"


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("m: 3/15", _CURRENCY),
        ("USD", _CURRENCY),
        ("3/15", _CURRENCY),
        ("USD m: 3/15", _CURRENCY),
        ("m: 3/15, n: 1/2", _CURRENCY),
        ("m: 3/15USD", _CURRENCY),
        ("m: 3/15 $", _CODE),
        ("m: 3/15 €", _CODE),
        ("m: 3/15 Dollars", _CODE),
        ("m: 3/15 XXX", _CODE),
        ("m: 3/15 ＵＳＤ", _CODE),
        ("m 3/15 USD", _ENTRIES),
        (": 3/15 USD", _ENTRIES),
        ("3/15 USD", _ENTRIES),
        ("m: 3/15 n: 1/2 USD", _ENTRIES),
        ("m: 3/15; n: 1/2 USD", _ENTRIES),
        ("m:3/15 n:1/2 USD", _ENTRIES),
        ("m: 3 USD", _TWO),
        ("m: 3/15/4 USD", _TWO),
        ("m: 3/15/4/1/2 USD", _TWO),
        ("m: 3,00/15 USD", _TWO),
        ("m: USD", _TWO),
        ("m: 3/ USD", _NUMBERS),
        ("m: /15 USD", _NUMBERS),
        ("m: -3/15 USD", _NUMBERS),
        ("m: +3/15 USD", _NUMBERS),
        ("m: 3./15 USD", _NUMBERS),
        ("m: .3/15 USD", _NUMBERS),
        ("m: 1e3/15 USD", _NUMBERS),
        ("m: 1_000/15 USD", _NUMBERS),
        ("m: NaN/15 USD", _NUMBERS),
        ("m: Infinity/15 USD", _NUMBERS),
        ("m: $3/$15 USD", _NUMBERS),
        ("m: ３/15 USD", _NUMBERS),
        ("m: 1000000/15 USD", _NUMBERS),
        ("m: 0.0000001/15 USD", _NUMBERS),
        ("web_search: 10 USD", "at least one model"),
        (", , USD", "at least one model"),
        ("web_search: 10/20, m: 3/15 USD", "one price for web_search"),
        ("m: 3/15, m: 3/15 USD", "has m once"),
        ("m: 3/15, web_search: 1, web_search: 1 USD", "has web_search once"),
        ("m: 0/0, web_search: x USD", "for web_search"),
    ],
)
def test_malformed_prices_are_refused(value, hint):
    """A list that can be misread stops the start with what is missing, and with an example."""
    with pytest.raises(ConfigError, match=re.escape(hint)) as raised:
        from_environ({"PRICES": value})
    assert str(raised.value).startswith("PRICES=")
    assert "such as claude-sonnet-5: 3/15" in str(raised.value) or "once" in str(raised.value)


def test_the_example_is_taken():
    """The example in the sentences is a list itself."""
    with pytest.raises(ValueError) as raised:
        prices("m")
    (example,) = re.findall("such as (.*)$", str(raised.value))
    assert list(prices(example).models) == ["claude-sonnet-5", "claude-haiku"]
