import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trackside.client.server_file import folders_of, parse, read, read_all


def test_a_file_says_where_the_server_is_and_how_to_sign_in(machine):
    machine.server(url="http://127.0.0.1:8888/ann", ca_cert="/c.pem")
    address = read([machine.runtime], os.getpid()).address
    assert (address.url, address.token, address.ca_cert) == (
        "http://127.0.0.1:8888/ann/",
        f"secret-{os.getpid()}",
        "/c.pem",
    )
    assert (address.source, address.home_id, address.pid) == ("file", "h1", os.getpid())


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_a_file_that_others_can_read_or_write_is_passed_over(machine, mode, caplog):
    machine.server(mode=mode)
    assert read([machine.runtime], os.getpid()) is None
    assert "passed over" in caplog.text


def test_a_file_of_another_user_is_passed_over(machine):
    path = machine.server()
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    else:  # nobody but root can give a file away: then a file of root's stands for it
        path.unlink()
        path.hardlink_to("/etc/hostname")
    assert read([machine.runtime], os.getpid()) is None


def test_a_link_is_not_followed(machine, tmp_path):
    path = machine.server()
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    assert read([machine.runtime], os.getpid()) is None


def test_a_fifo_does_not_block(machine):
    os.mkfifo(machine.runtime / f"trackside-{os.getpid()}.json", 0o600)
    assert read([machine.runtime], os.getpid()) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"url": 1}', b'{"url": "http://a/", "token": null, "pid": "x"}']
)
def test_a_file_that_says_too_little_is_passed_over(content):
    assert parse(content, Path("trackside-1.json")) is None


def test_a_file_named_after_another_process_is_passed_over(machine):
    path = machine.server()
    other = machine.runtime / "trackside-1.json"
    path.rename(other)
    assert read([machine.runtime], 1) is None


def test_a_file_of_a_process_that_has_ended_or_that_took_its_pid_is_dead(machine):
    machine.server(start_time=1)
    assert not read([machine.runtime], os.getpid()).is_alive
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    machine.server(child.pid)
    assert read_all([machine.runtime]) == []


def test_jupyters_servers_come_before_headless_ones_and_newer_before_older(machine):
    children = [subprocess.Popen(["sleep", "60"]) for _ in range(3)]
    try:
        for child, headless in zip(children, (False, False, True), strict=True):
            path = machine.server(child.pid, headless=headless)
            fields = json.loads(path.read_text())
            assert fields["headless"] is headless
        found = read_all([machine.runtime])
        assert found[-1].pid == children[2].pid
        assert [file.start_time for file in found[:2]] == sorted((file.start_time for file in found[:2]), reverse=True)
    finally:
        for child in children:
            child.kill()
            child.wait()


def test_a_runtime_folder_that_is_missing_has_no_servers(tmp_path):
    assert read_all([tmp_path / "nowhere"]) == []


def test_a_home_is_the_same_through_a_link(machine, tmp_path):
    machine.server()
    (tmp_path / "link").symlink_to(machine.home)
    file = read([machine.runtime], os.getpid())
    assert file.serves(tmp_path / "link")
    assert not file.serves(tmp_path)


def test_a_server_is_known_once_though_it_leaves_two_files(machine):
    machine.server()
    (machine.home / "run").mkdir()
    shutil.copy2(machine.server(), machine.home / "run")
    folders = folders_of(machine.home, machine.env)
    assert folders == [machine.runtime, machine.home / "run"]
    assert len(read_all(folders)) == 1
