"""What `import llmobs` brings along: next to nothing."""

import subprocess
import sys

import llmobs

MEASURE = """
import sys, time
began = time.process_time()
import llmobs
print(time.process_time() - began)
print(*sorted({name.partition('.')[0] for name in sys.modules}))
"""


def test_importing_is_cheap_and_brings_no_library_along():
    runs = [subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True) for _ in range(3)]
    cost, names = zip(*(run.stdout.splitlines() for run in runs), strict=True)

    assert min(map(float, cost)) < 0.1  # s of CPU
    assert not {"opentelemetry", "wrapt", "openai", "google", "duckdb", "logging"} & set(names[0].split())


def test_everything_public_is_there_and_nothing_else():
    for name in llmobs.__all__:
        assert callable(getattr(llmobs, name))
    assert set(llmobs.__all__) <= set(dir(llmobs))
    assert isinstance(llmobs.__version__, str)
    assert not hasattr(llmobs, "no_such_thing")
