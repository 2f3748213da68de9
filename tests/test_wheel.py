"""The wheel holds all that it needs and puts nothing but `llmobs` into site-packages."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = ("llmobs", "dashboard", "collector-config")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    [found] = out.glob("*.whl")
    return found


def held(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_only_llmobs_goes_to_site_packages(wheel):
    tops = {name.split("/")[0] for name in held(wheel)}

    assert tops == {"llmobs", f"{wheel.name.split('-py3')[0]}.dist-info"}


def test_every_file_of_the_product_is_inside(wheel):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *SHIPPED],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    wanted = {name if name.startswith("llmobs/") else f"llmobs/{name}" for name in listed}

    assert wanted
    assert wanted - held(wheel) == set()


def test_the_commands_work_from_an_empty_folder_with_no_checkout_beside(wheel, tmp_path):
    inside, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(inside)
    program = (
        "import llmobs, sys; from pathlib import Path\n"
        "from llmobs.server.dashboard import folder\n"
        "from llmobs.server.store import open_store\n"
        "assert Path(llmobs.__file__).is_relative_to(sys.argv[1]), llmobs.__file__\n"
        "assert folder().is_relative_to(sys.argv[1]), folder()\n"
        "store = open_store(f'duckdb://{sys.argv[2]}/data')\n"
        "print(store.sql('SELECT count(*) AS n FROM calls').to_pylist()); store.close()\n"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program, str(inside), str(empty)],
        cwd=empty,
        env={**os.environ, "PYTHONPATH": str(inside)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (ran.returncode, ran.stdout) == (0, "[{'n': 0}]\n"), ran.stderr
