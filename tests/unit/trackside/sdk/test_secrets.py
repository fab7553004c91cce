"""The value of a secret comes from the environment or from somebody who types it unseen, and is shown nowhere."""

from __future__ import annotations

import getpass
import json
import subprocess
import sys
import warnings

import pytest

from trackside.client.fields import body
from trackside.errors import InvalidInput
from trackside.sdk.secrets import secret_value


def test_the_variable_of_its_name_is_taken(monkeypatch):
    monkeypatch.setenv("KEY", "hush-hush")
    monkeypatch.setattr(getpass, "getpass", lambda prompt: pytest.fail("nobody need be asked"))
    assert secret_value("KEY") == "hush-hush"


def test_without_a_variable_it_is_asked_for(monkeypatch):
    monkeypatch.delenv("KEY", raising=False)
    asked = []
    monkeypatch.setattr(getpass, "getpass", lambda prompt: asked.append(prompt) or "typed-value")
    assert secret_value("KEY") == "typed-value"
    assert asked == ["KEY: "]


def test_no_repr_shows_it_and_it_travels_all_the_same(monkeypatch):
    monkeypatch.setenv("KEY", "hush-hush")
    value = secret_value("KEY")
    assert "hush" not in f"{value!r} {[value]!r} {(value,)!r}"
    assert json.loads(body({"command": ["true"], "secrets": {"KEY": value}}))["secrets"] == {"KEY": "hush-hush"}


def test_a_value_behind_the_name_is_refused_and_not_repeated():
    with pytest.raises(InvalidInput) as refused:
        secret_value("KEY=hush-hush", option="--secret")
    assert "hush" not in str(refused.value)
    assert "--secret NAME" in str(refused.value)


@pytest.mark.parametrize("nobody", [EOFError(), OSError("no terminal"), RuntimeError("no front end")])
def test_where_nobody_can_be_asked_the_way_out_is_named(monkeypatch, nobody):
    monkeypatch.delenv("KEY", raising=False)

    def ask(prompt):
        raise nobody

    monkeypatch.setattr(getpass, "getpass", ask)
    with pytest.raises(InvalidInput, match=r"nobody can be asked for its value\. Set KEY first"):
        secret_value("KEY")


def test_it_is_never_asked_for_where_it_would_be_echoed(monkeypatch):
    monkeypatch.delenv("KEY", raising=False)

    def ask(prompt):
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=2)
        return "seen-by-all"

    monkeypatch.setattr(getpass, "getpass", ask)
    with pytest.raises(InvalidInput, match="nobody can be asked"):
        secret_value("KEY")


def test_a_program_without_a_terminal_says_so_and_does_not_wait():
    code = "from trackside.sdk.secrets import secret_value\nsecret_value('NO_SUCH_KEY')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, start_new_session=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "nobody can be asked for its value" in done.stderr


def test_a_value_that_cannot_travel_is_not_shown_in_the_refusal():
    with pytest.raises(InvalidInput) as refused:
        body({"command": ["true"], "secrets": {"KEY": "hush-hush", "OTHER": object()}})
    assert "hush" not in str(refused.value)
