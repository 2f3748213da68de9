"""The file's shape: migrations once and in order, a new field without a migration, a crash at any moment."""

import signal
import subprocess
import sys
from datetime import UTC, datetime

import duckdb
import pytest

from llmobs.server.collector import columns
from llmobs.server.store import open_store, schema
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OPEN_WITH_A_NEW_FIELD = """
import os, signal, sys
from llmobs.signal import Field, Json
from llmobs.signals import call

call.SIGNAL.fields["mood"] = Field("llmobs.mood", str)
call.SIGNAL.fields["mood_detail"] = Field("llmobs.mood.detail", Json)
from llmobs.server.store import open_store, schema
from tests.server.conftest import call as row
from datetime import datetime

if sys.argv[2] == "die before the checkpoint":
    text = schema.text
    def dying(*path):
        return os.kill(os.getpid(), signal.SIGKILL) if path[-1] == "checkpoint.sql" else text(*path)
    schema.text = dying
store = open_store("duckdb://" + sys.argv[1])
if sys.argv[2] == "die":
    os.kill(os.getpid(), signal.SIGKILL)
store.append([row(2, datetime(2026, 11, 22, 12), attributes={"llmobs.mood": "good"})])
print(store.sql("SELECT mood, mood_detail FROM calls ORDER BY started_at, mood").to_pylist())
print(store.sql("SELECT attributes->>'$.\\"llmobs.mood\\"' AS mood FROM spans ORDER BY mood").to_pylist())
store.close()
"""


def newer(folder, how):
    """A version of llmobs with one field more opens the store, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", OPEN_WITH_A_NEW_FIELD, str(folder), how],
        capture_output=True,
        text=True,
        check=False,
    )


def reopened(folder):
    store = open_store(f"duckdb://{folder}")
    counts = store.counts()
    store.close()
    return counts


@pytest.fixture
def folder(tmp_path):
    """A store with one call in its file."""
    store = open_store(f"duckdb://{tmp_path}")
    store.append([call(1, datetime(2026, 11, 22, 11), attributes={"llmobs.mood": "bad"})])
    store.close()
    return tmp_path


def test_a_field_added_to_a_signal_becomes_a_column_by_itself(folder):
    done = newer(folder, "use it")

    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    # What was stored before the field was known is not moved; `attributes` has it all the same.
    assert first == "[{'mood': None, 'mood_detail': None}, {'mood': 'good', 'mood_detail': None}]"
    assert second == "[{'mood': 'bad'}, {'mood': 'good'}]"


@pytest.mark.parametrize("moment", ["die", "die before the checkpoint"])
def test_a_crash_right_after_a_field_was_added_leaves_a_file_that_opens(folder, moment):
    assert newer(folder, moment).returncode == -signal.SIGKILL

    done = newer(folder, "use it")
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 2


def test_an_older_version_reads_a_file_with_a_column_it_does_not_know(folder):
    assert newer(folder, "use it").stderr == ""

    store = open_store(f"duckdb://{folder}")
    assert store.append([call(3, NOW)]) == 1
    store.seal()
    assert store.counts()["stored_spans"] == 3
    store.close()


def test_a_log_that_duckdb_cannot_replay_by_itself_is_opened(folder):
    # ALTER ... IF NOT EXISTS with a function as its default, never checkpointed.
    script = f"""
import duckdb, os, signal
db = duckdb.connect("{folder}/llmobs.duckdb")
db.execute("ALTER TABLE journal_position ADD COLUMN IF NOT EXISTS moved TIMESTAMPTZ DEFAULT now()")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    assert (folder / "llmobs.duckdb.wal").exists()

    assert reopened(folder)["stored_spans"] == 1


def test_migrations_are_applied_once_and_recorded(folder):
    files = sorted(f.name for f in (schema.SQL / "migrations").iterdir())

    reopened(folder)

    with duckdb.connect(str(folder / "llmobs.duckdb"), read_only=True) as db:
        assert [n for (n,) in db.execute("SELECT name FROM migrations").fetchall()] == files


def test_migrations_are_numbered_without_a_gap():
    numbers = sorted(int(f.name[:4]) for f in (schema.SQL / "migrations").iterdir())

    assert numbers == list(range(1, len(numbers) + 1))


def test_a_file_of_a_later_version_says_to_upgrade(folder):
    with duckdb.connect(str(folder / "llmobs.duckdb")) as db:
        db.execute("INSERT INTO migrations VALUES ('9999_later.sql', now())")

    with pytest.raises(ValueError, match=r"9999_later\.sql.*pip install --upgrade"):
        open_store(f"duckdb://{folder}")


def test_a_field_that_changed_its_type_is_named(folder):
    with duckdb.connect(str(folder / "llmobs.duckdb")) as db:
        db.execute("ALTER TABLE stored_spans ALTER COLUMN max_tokens TYPE VARCHAR")

    with pytest.raises(ValueError, match=r"'max_tokens': 'VARCHAR'.*'max_tokens': 'BIGINT'"):
        open_store(f"duckdb://{folder}")


def test_every_column_of_a_span_has_a_column_in_the_file(folder):
    with duckdb.connect(str(folder / "llmobs.duckdb"), read_only=True) as db:
        found = dict(
            db.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'stored_spans'"
            ).fetchall()
        )

    assert set(found) == set(columns.schema().names)
    assert (found["trace_id"], found["cost_nano_usd"], found["attributes"]) == ("UUID", "BIGINT", "VARIANT")


def test_text_is_compressed(tmp_path):
    store = open_store(f"duckdb://{tmp_path}")
    spoken = "".join(f"word {n} and " for n in range(150))
    for n in range(3):
        store.append([call(n * 10_000 + i, NOW, text=f"{i} {spoken}") for i in range(3_000)])
    store.close()

    assert (tmp_path / "llmobs.duckdb").stat().st_size / 9_000 < 400  # of 1,800 bytes each


def test_a_killed_process_loses_nothing_that_was_sealed(tmp_path):
    script = f"""
import os, signal
from datetime import datetime
from llmobs.server.store import open_store
from tests.server.conftest import call
store = open_store("duckdb://{tmp_path}")
for segment in range(5):
    store.append([call(segment * 100 + n, datetime(2026, 11, 22)) for n in range(100)], segment=segment)
    store.seal(segment)
store.append([call(9_999, datetime(2026, 11, 22))], segment=5)
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], check=False)

    store = open_store(f"duckdb://{tmp_path}")
    assert (store.counts()["stored_spans"], store.position()) == (500, 4)
    assert store.append([call(0, datetime(2026, 11, 22)), call(9_999, datetime(2026, 11, 22))]) == 1
    store.close()
