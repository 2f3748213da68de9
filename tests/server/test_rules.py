"""What holds for all rules, on calls in a real store: their columns, and quiet where all is well."""

import pytest

from llmobs.server.alerts import rules, run
from llmobs.server.judging import SETTLE
from tests.server.rules.traffic import FAILED, NOW, burst, healthy

RULES = rules()


def test_a_rule_reads_the_columns_that_its_query_gives(store):
    store.append([*healthy(hours=3), *burst(10_000, 3, **FAILED)])
    for name, rule in RULES.items():
        [found] = store.read(rule.QUERY, since=NOW - SETTLE - rule.WINDOW, until=NOW - SETTLE)
        assert set(rule.FIRES_ON[0]) <= set(found), name


@pytest.mark.parametrize("name", RULES)
def test_an_empty_store_alarms_nobody(name, store):
    assert run(RULES[name], store, NOW) == []


@pytest.mark.parametrize("name", RULES)
def test_healthy_calls_alarm_nobody(name, store):
    store.append(healthy())

    assert run(RULES[name], store, NOW) == []


def test_more_subjects_than_a_query_may_give_are_an_error(store, monkeypatch):
    store.append(healthy(hours=1))
    monkeypatch.setattr("llmobs.server.judging.ROWS", 0)

    with pytest.raises(ValueError, match=r"availability\.sql gave 1 rows"):
        run(RULES["availability"], store, NOW)
