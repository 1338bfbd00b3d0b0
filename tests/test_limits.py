"""Places: as many as there are, and each given back once."""

import pytest

from claude_sse.errors import Unavailable
from claude_sse.limits import Places


def test_no_more_than_there_are():
    """The place after the last is refused, with the time to come back."""
    places = Places(2)
    give_back = places.take()
    places.take()
    with pytest.raises(Unavailable) as raised:
        places.take()
    assert raised.value.retryable and raised.value.retry_after
    give_back()
    places.take()


def test_a_place_is_given_back_once():
    """Giving back twice makes no second place."""
    places = Places(1)
    give_back = places.take()
    give_back()
    give_back()
    assert places.taken == 0
    places.take()
    give_back()
    assert places.taken == 1
