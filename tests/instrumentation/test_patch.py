"""Methods are wrapped only where they fit, and put back as they were."""

import logging
import sys
import types

import pytest

from llmobs.instrumentation import patch


@pytest.fixture
def sdk(monkeypatch):
    """A module with one class, in the shape of a client."""

    class Client:
        def request(self, cast_to, options, *, stream=False):
            """Asks."""
            return cast_to, options, stream

        @property
        def tracer(self):
            return "its own"

    module = types.ModuleType("some_sdk")
    module.Client = Client
    monkeypatch.setitem(sys.modules, "some_sdk", module)
    yield module
    patch.undo_all()


def seen_by(wrapped, instance, args, kwargs):
    return ("seen", wrapped(*args, **kwargs))


TAKES = ((None, None), {"stream": True})


def test_a_method_is_wrapped_and_put_back(sdk):
    original = vars(sdk.Client)["request"]

    patch.apply(patch.Target("some_sdk", "Client.request", seen_by, TAKES))
    assert sdk.Client().request(1, 2, stream=True) == ("seen", (1, 2, True))
    assert sdk.Client.request.__doc__ == "Asks."
    assert patch.states == {"some_sdk:Client.request": "patched"}
    patch.undo_all()

    assert vars(sdk.Client)["request"] is original
    assert patch.states == {}


def test_twice_wraps_once(sdk):
    for _ in range(2):
        patch.apply(patch.Target("some_sdk", "Client.request", seen_by, TAKES))

    assert sdk.Client().request(1, 2) == ("seen", (1, 2, False))


@pytest.mark.parametrize(
    ("path", "takes", "why"),
    [
        ("Client.gone", TAKES, "not there"),
        ("Gone.request", TAKES, "not there"),
        ("Client.request", ((None, None), {"stream_cls": None}), "stream_cls"),
    ],
)
def test_what_does_not_fit_is_left_alone_and_said(path, takes, why, sdk, caplog):
    original = vars(sdk.Client)["request"]

    patch.apply(patch.Target("some_sdk", path, seen_by, takes))

    assert vars(sdk.Client)["request"] is original
    assert why in patch.states[f"some_sdk:{path}"]
    assert "llmobs doctor" in caplog.text


def test_a_property_is_replaced(sdk):
    patch.apply(patch.Target("some_sdk", "Client.tracer", property(lambda self: None), None))
    assert sdk.Client().tracer is None
    patch.undo_all()

    assert sdk.Client().tracer == "its own"


def test_what_somebody_wrapped_after_us_stays_wrapped(sdk):
    patch.apply(patch.Target("some_sdk", "Client.request", seen_by, TAKES))
    ours = sdk.Client.request
    sdk.Client.request = theirs = lambda self, *a, **k: ("theirs", ours(self, *a, **k))

    patch.undo_all()

    assert vars(sdk.Client)["request"] is theirs


def test_a_module_that_is_there_is_patched_at_once_and_one_that_is_not_later(sdk, tmp_path, monkeypatch):
    (tmp_path / "late_sdk.py").write_text(
        "class Client:\n    def request(self, a, b, stream=False): return a\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    for name in ("some_sdk", "late_sdk"):
        patch.when_imported(
            name, lambda module: [patch.Target(module.__name__, "Client.request", seen_by, TAKES)]
        )
    assert "late_sdk" not in sys.modules
    import late_sdk

    assert sdk.Client().request(1, 2) == ("seen", (1, 2, False))
    assert late_sdk.Client().request(1, 2) == ("seen", 1)
    del sys.modules["late_sdk"]


def test_a_module_imported_after_undo_stays_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "later_sdk.py").write_text(
        "class Client:\n    def request(self, a, b, stream=False): return a\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    patch.when_imported(
        "later_sdk", lambda module: [patch.Target("later_sdk", "Client.request", seen_by, TAKES)]
    )

    patch.undo_all()
    import later_sdk

    assert later_sdk.Client().request(1, 2) == 1
    del sys.modules["later_sdk"]


def test_targets_that_cannot_be_told_break_no_import(sdk, caplog):
    def broken(module):
        raise AttributeError("moved")

    patch.when_imported("some_sdk", broken)

    assert "moved" in patch.states["some_sdk"]
    assert caplog.records[0].levelno == logging.WARNING
