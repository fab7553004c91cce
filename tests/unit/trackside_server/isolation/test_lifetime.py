"""What ends jobs although they outlive the server is said in a sentence."""

from __future__ import annotations

from pathlib import Path

from trackside_server.isolation.lifetime import ends_with, lingers

ALICE = {"USER": "alice"}


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_on_a_plain_machine_nothing_does(tmp_path: Path) -> None:
    write(tmp_path / "etc/systemd/logind.conf", "[Login]\n#KillUserProcesses=yes\n")
    assert ends_with(ALICE, tmp_path) == []


def test_a_slurm_job_is_named(tmp_path: Path) -> None:
    [sentence] = ends_with({**ALICE, "SLURM_JOB_ID": "812"}, tmp_path)
    assert "Slurm job 812" in sentence


def test_a_container_is_named_however_it_shows(tmp_path: Path) -> None:
    assert ends_with({**ALICE, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, tmp_path) == [
        "Jobs here end with this container."
    ]
    write(tmp_path / "run/.containerenv")
    assert ends_with(ALICE, tmp_path) == ["Jobs here end with this container."]


def test_a_logout_that_kills_is_named_unless_the_user_lingers(tmp_path: Path) -> None:
    write(tmp_path / "etc/systemd/logind.conf", "[Login]\nKillUserProcesses=no\n")
    write(tmp_path / "etc/systemd/logind.conf.d/site.conf", "[Login]\nKillUserProcesses = yes\n")
    [sentence] = ends_with(ALICE, tmp_path)
    assert "loginctl enable-linger" in sentence
    write(tmp_path / "var/lib/systemd/linger/alice")
    assert lingers(ALICE, tmp_path)
    assert ends_with(ALICE, tmp_path) == []
