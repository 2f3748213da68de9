"""Stores as a reader may meet them."""

import pytest


@pytest.fixture(params=["hot", "in the file"])
def settled(request, store):
    """Appends, and seals where that is asked for: a question must not see the difference."""

    def append(*given):
        store.append(*given)
        if request.param == "in the file":
            store.seal()
        return store

    return append
