"""When what outlives the server gets a scope of systemd."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trackside_server.isolation.scopes import scopes, why_no_scope


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], Path]:
    """A machine that systemd started, with a user who lingers; the user's environment and the root."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for folder in ("run/systemd/system", "run/user/1000", "var/lib/systemd/linger", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "run/user/1000/bus").touch()
    (tmp_path / "var/lib/systemd/linger/alice").touch()
    program = tmp_path / "bin/systemd-run"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return {"USER": "alice", "XDG_RUNTIME_DIR": str(tmp_path / "run/user/1000"), "PATH": str(program.parent)}, tmp_path


def test_a_lingering_user_gets_a_scope_to_divide_and_a_plain_start_behind_it(
    machine: tuple[dict[str, str], Path],
) -> None:
    first, second = scopes(*machine)
    assert first[:3] == ["systemd-run", "--user", "--scope"]
    assert "Delegate=yes" in first
    assert second == []


def test_root_gets_a_scope_of_the_machine(
    machine: tuple[dict[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "--user" not in scopes({"PATH": machine[0]["PATH"]}, machine[1])[0]


def test_a_scope_that_would_end_at_logout_is_not_taken(machine: tuple[dict[str, str], Path]) -> None:
    environ, root = machine
    (root / "var/lib/systemd/linger/alice").unlink()
    assert why_no_scope(environ, root) == "A scope would end when you log out. Run 'loginctl enable-linger' once."
    assert scopes(environ, root) == [[]]
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("0::/user.slice/user-1000.slice/user@1000.service/jupyter.service\n")
    assert why_no_scope(environ, root) is None


def test_each_thing_that_is_missing_is_named(machine: tuple[dict[str, str], Path]) -> None:
    environ, root = machine
    assert "$XDG_RUNTIME_DIR/bus is missing" in str(why_no_scope({**environ, "XDG_RUNTIME_DIR": "/nowhere"}, root))
    assert "no systemd-run" in str(why_no_scope({**environ, "PATH": "/nowhere"}, root))
    assert why_no_scope(environ, root / "bin") == "This machine was not started by systemd."
