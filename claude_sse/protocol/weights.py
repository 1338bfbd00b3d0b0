"""What tokens and searches cost of one token that Claude reads, by Anthropic's prices.

A token that is written to the prompt cache (of five minutes) costs five quarters of it, one that is
read from the cache a tenth. A search costs 10 $ per 1,000, which is 5,000 tokens at 2 $ per
million, the price of the default model. The API promises no bound for the results of a search; the
example of its documentation adds 7,345 tokens to the input, which are read again after each further
search: 25,000 are reserved.
"""

from __future__ import annotations

from decimal import Decimal

CACHE_WRITE, CACHE_READ = Decimal("1.25"), Decimal("0.1")
SEARCH_TOKENS = 5_000
#: An upper bound of the results of one search.
RESULT_TOKENS = 25_000
