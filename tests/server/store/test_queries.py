"""Questions by name: which there are, and which parameters they get."""

import sys
from datetime import UTC, datetime

import pytest

from llmobs.server import store as stores
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEXT = """-- Calls of a model; $note stands only here.
-- Parameters: $since, $model, $service.
SELECT count(*) AS calls
FROM calls
WHERE started_at >= $since AND ($model IS NULL OR model = $model) AND ($service IS NULL OR service = $service)
"""


@pytest.fixture(autouse=True)
def question(tmp_path, monkeypatch):
    """A folder of queries with one in it."""
    folder = tmp_path / "questions_here"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "how_many.sql").write_text(TEXT)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(stores, "QUERIES", "questions_here")
    stores.sql.cache_clear()
    yield
    stores.sql.cache_clear()
    sys.modules.pop("questions_here", None)


def test_a_query_gets_the_parameters_that_it_names_and_null_for_the_rest(store):
    store.append([call(1, NOW), call(2, NOW, model="new")])

    assert store.read("how_many", since=NOW, until=NOW, provider="x") == [{"calls": 2}]
    assert store.read("how_many", since=NOW, model="new") == [{"calls": 1}]
    assert store.frame("how_many", since=NOW, service="none").to_dict("records") == [{"calls": 0}]


def test_names_in_comments_are_no_parameters():
    assert stores.bound("how_many", {"note": 1})[1] == {"since": None, "model": None, "service": None}


@pytest.mark.parametrize("name", ["nothing", "../how_many", "how_many.sql", ""])
def test_an_unknown_query_is_answered_with_those_there_are(name):
    with pytest.raises(ValueError, match=r"No query .* in llmobs/server/queries. Known: how_many."):
        stores.sql(name)
