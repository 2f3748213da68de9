"""The configuration file: read, checked, and the shipped one holds what the table says."""

import re
from pathlib import Path

import pytest
import yaml

from llmobs.config import SETTINGS
from llmobs.config_file import SERVER, WrongSetting, load, read

SHIPPED = Path(__file__).parents[1] / "collector-config/llmobs.yaml"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch):
    for setting in SETTINGS.values():
        for variable in (setting.env, *setting.otel):
            monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "llmobs.yaml"

    def write(text):
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_without_anything_every_server_setting_has_its_default():
    settings = load()

    assert set(settings) == {name for name, s in SETTINGS.items() if s.half == "server"}
    assert settings["http_port"] == 4318
    assert settings["data"] == str(Path.home() / ".llmobs")


def test_the_file_changes_what_it_names_and_nothing_else(file):
    settings = load(file("http_port: 14318\nhost: 0.0.0.0\n"))

    assert (settings["http_port"], settings["host"], settings["grpc_port"]) == (14318, "0.0.0.0", 4317)


def test_argument_over_variable_over_file_over_default(file, monkeypatch):
    path = file("http_port: 1001\ngrpc_port: 1002\ndashboard_port: 1003\n")
    monkeypatch.setenv("LLMOBS_HTTP_PORT", "2001")
    monkeypatch.setenv("LLMOBS_GRPC_PORT", "2002")

    settings = load(path, {"http_port": 3001, "grpc_port": None})

    assert [settings[f"{n}_port"] for n in ("http", "grpc", "dashboard")] == [3001, 2002, 1003]


def test_a_whole_number_serves_where_a_number_is_expected(file):
    days = load(file("keep_days: 3\n"))["keep_days"]

    assert days == 3.0
    assert type(days) is float


def test_an_empty_file_changes_nothing(file):
    assert load(file("# only a comment\n")) == load()


def test_paths_count_from_the_folder_of_the_file_and_arguments_from_the_current_one(
    file, tmp_path, monkeypatch
):
    path = file("data: spans\nprices: prices.yaml\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    assert load(path)["data"] == str(tmp_path / "spans")
    assert load(path)["prices"] == str(tmp_path / "prices.yaml")
    assert load(path, {"data": "mine"})["data"] == str(elsewhere / "mine")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("host: a\nhttp_prot: 1\n", ":2: there is no setting 'http_prot'. Did you mean 'http_port'?"),
        ("HTTP-PORT: 1\n", ":1: there is no setting 'HTTP-PORT'. Did you mean 'http_port'?"),
        ("zzz: 1\n", ":1: there is no setting 'zzz'. Known: alert_interval, dashboard_port,"),
        ("service_name: a\n", ":1: there is no setting 'service_name'."),  # of the other half
        ("http_port: '4318'\n", ":1: http_port: '4318' is not a whole number from 1 to 65535."),
        ("http_port: 70000\n", ":1: http_port: 70000 is not a whole number from 1 to 65535."),
        ("http_port: true\n", ":1: http_port: True is not a whole number from 1 to 65535."),
        ("http_port: 1.5\n", ":1: http_port: 1.5 is not a whole number"),
        ("http_port:\n", ":1: http_port: None is not a whole number"),
        ("\n\nkeep_days: forever\n", ":3: keep_days: 'forever' is not a number from 0.01 to 36500 days."),
        ("keep_days: .nan\n", ":1: keep_days: nan is not a number"),
        ("memory_limit: lots\n", ":1: memory_limit: 'lots' is not a size such as 512MB or 2GB."),
        ("memory_limit: 512\n", ":1: memory_limit: 512 is not a size such as 512MB or 2GB."),
        (
            "webhook: hooks.example.com\n",
            ":1: webhook: 'hooks.example.com' is not an address such as https://",
        ),
        ("dashboard_url: ftp://a\n", ":1: dashboard_url: 'ftp://a' is not an address such as https://"),
        ("max_disk: 1\n", ":1: max_disk: 1 is not a whole number from 65536 to 1125899906842624 bytes."),
        ("host: 5\n", ":1: host: 5 is not text (address that every server listens on)."),
        ("max_body: 0\n", ":1: max_body: 0 is not a whole number from 65536 to"),
        ("host: a\nhost: b\n", ":2: host stands twice in this file."),
        ("host: 2026-13-45\n", ":1: '2026-13-45' cannot be read as"),
        ("host: !!python/name:os.system\n", ":1: '' cannot be read as"),
        ("- host\n", ":1: expected lines such as `http_port: 4318`."),
        ("host: a\nhost b\n", ":2: is not YAML:"),
        ("host: [a\n", ":2: is not YAML:"),
        ("host: \x00\n", ": is not YAML:"),
    ],
)
def test_a_wrong_file_is_refused_with_line_key_and_expectation(file, text, says):
    path = file(text)

    with pytest.raises(WrongSetting) as wrong:
        load(path)

    assert str(wrong.value).startswith(f"{path}{says}")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "llmobs.yaml"
    path.write_bytes(b"host: \xff\xfe\n")

    with pytest.raises(WrongSetting, match="is not UTF-8 text"):
        load(path)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(
        WrongSetting, match=re.escape(f"{tmp_path / 'no.yaml'}: cannot be read (No such file")
    ):
        load(tmp_path / "no.yaml")


@pytest.mark.parametrize("port", [0, 65_536])
def test_an_argument_out_of_range_is_refused_too(port):
    with pytest.raises(WrongSetting, match=rf"http_port = {port}: expected a whole number from 1 to 65535"):
        load(None, {"http_port": port})


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("LLMOBS_HTTP_PORT", "http", "a whole number (port)"),
        ("LLMOBS_MAX_BODY", "1e9", "a whole number (bytes)"),
        ("LLMOBS_KEEP_DAYS", "long", "a number (days)"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named_with_what_was_expected(
    monkeypatch, variable, text, expected
):
    monkeypatch.setenv(variable, text)

    with pytest.raises(
        WrongSetting, match=re.escape(f"{variable}='{text}' cannot be read: expected {expected}.")
    ):
        load()


@pytest.mark.parametrize("size", ["512MB", "2GB", "1.5 GiB", "900mb"])
def test_sizes_as_duckdb_writes_them_are_accepted(size):
    assert load(None, {"memory_limit": size})["memory_limit"] == size


def test_the_shipped_file_holds_every_setting_with_its_default():
    shipped = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))

    assert shipped == {name: setting.default for name, setting in SERVER.items()}
    assert list(shipped) == list(SERVER)


def test_the_shipped_file_explains_every_setting():
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"\w+:", line)]

    assert len(keys) == len(SERVER)
    assert all(lines[number - 1].startswith("# ") for number in keys)


def test_the_shipped_file_is_accepted_as_it_is():
    assert read(SHIPPED)["memory_limit"] == "256MB"
