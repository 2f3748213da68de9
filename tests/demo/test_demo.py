"""`llmobs demo` for real: the whole tree with live traffic, asked what it holds."""

import pytest

from llmobs.server.store import open_store
from tests.processes import Up, until


@pytest.fixture
def demo(tmp_path):
    tree = Up(tmp_path, "--no-history", "--speed", "3", command="demo")
    yield tree
    if tree.process.poll() is None:
        tree.end()


def asked(tree, sql):
    store = open_store(f"http://127.0.0.1:{tree.http}")
    try:
        return store.sql(sql).to_pylist()
    finally:
        store.close()


@pytest.mark.long
@pytest.mark.timeout(240)
def test_traffic_of_every_kind_arrives_priced_and_all_ends_on_ctrl_c(demo, tmp_path):
    demo.wait_until_up()
    calls = "SELECT DISTINCT model, cost_status FROM calls WHERE status = 'ok'"
    wanted = {
        ("gpt-5-nano", "exact"),
        ("gpt-4o-mini", "exact"),
        ("claude-sonnet-4-6", "exact"),
        ("internal-embedder", "unpriced"),
    }

    until(lambda: wanted <= {(r["model"], r["cost_status"]) for r in asked(demo, calls)}, 90)
    for view in ("workflows", "prompts", "retrievals", "tools", "agents"):
        until(lambda view=view: asked(demo, f"SELECT 1 AS one FROM {view} LIMIT 1"), 60)

    assert (tmp_path / "data-demo/llmobs-demo").exists()
    assert not (tmp_path / "data").exists()
    assert demo.end() == 0
    assert "Traceback" not in demo.said()
    assert demo.said().rstrip().endswith("Ended.")
