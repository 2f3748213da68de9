"""What a search found, and how old its index was."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

import llmobs


def only(spans):
    [span] = spans
    return span


class Node:
    def __init__(self, text, score):
        self.node_id, self.text, self.score = "n-1", text, score


@pytest.mark.parametrize(
    ("returned", "documents", "best"),
    [
        ([{"id": 7, "score": 0.5, "text": "t"}], [{"id": "7", "score": 0.5, "content": "t"}], 0.5),
        (
            [({"id": "a"}, 0.2), ({"id": "b"}, 0.9)],
            [{"id": "a", "score": 0.2}, {"id": "b", "score": 0.9}],
            0.9,
        ),
        ({"matches": [{"id": "a", "score": 1}]}, [{"id": "a", "score": 1.0}], 1.0),
        ([Node("t", 0.25)], [{"id": "n-1", "score": 0.25, "content": "t"}], 0.25),
        (["only text"], [{"content": "only text"}], None),
        ([{"id": "a", "score": float("nan")}], [{"id": "a"}], None),
        ([], [], None),
    ],
    ids=["dicts", "pairs", "wrapped", "objects", "texts", "no number", "nothing found"],
)
def test_documents_are_read_whatever_they_look_like(seen, returned, documents, best):
    @llmobs.retrieval("handbook")
    def find(query, k):
        return returned

    assert find("holidays", 4) is returned

    span = only(seen())
    assert span.attributes["gen_ai.retrieval.query.text"] == "holidays"
    assert span.attributes["gen_ai.retrieval.top_k"] == 4
    assert json.loads(span.attributes["gen_ai.retrieval.documents"]) == documents
    assert span.attributes["llmobs.retrieval.documents"] == len(documents)
    assert span.attributes.get("llmobs.retrieval.best_score") == best


def test_an_iterator_of_documents_is_left_to_the_caller(seen):
    @llmobs.retrieval("handbook")
    def find(query):
        return iter([{"id": "1"}])

    assert list(find("q")) == [{"id": "1"}]
    assert "llmobs.retrieval.documents" not in only(seen()).attributes


@pytest.fixture
def far_east(monkeypatch):
    """A machine whose local time is not UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_age_of_the_index_comes_from_the_time_of_its_update(seen, far_east):
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)

    @llmobs.retrieval("decorated", index_updated_at=lambda: an_hour_ago)
    def find(query):
        return []

    find("q")
    with llmobs.retrieval("given", index_updated_at=an_hour_ago.timestamp()):
        pass
    with llmobs.retrieval("set, without a zone") as search:
        search.index_updated(an_hour_ago.replace(tzinfo=None))
        search.documents([])
    with llmobs.retrieval("from the future", index_updated_at=datetime.now(UTC) + timedelta(hours=1)):
        pass

    *ages, future = (span.attributes["llmobs.retrieval.index_age"] for span in seen())
    assert ages == pytest.approx([3600.0] * 3, abs=60)
    assert future == 0.0
