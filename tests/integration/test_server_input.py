"""Bad input gets a clear error, and nothing is half made: no row, no folder, nothing staged is lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import LiveServer, Place, below, stop_templates, until

_CPUS = os.cpu_count() or 1
_GOOD: dict[str, Any] = {"command": ["/bin/true"]}
_DEEP: Any = "x"
for _ in range(100):
    _DEEP = [_DEEP]

_WRONG: list[tuple[dict[str, Any], str, str]] = [
    # a field that is none
    ({"gpu": 1}, "unknown_field", "'gpu' is not something a job can ask for"),
    ({"memroy": "8G"}, "unknown_field", "Did you mean 'memory' or"),
    ({"x" * 5000: 1}, "unknown_field", "xxx"),
    # what is to run
    ({"command": None}, "invalid_input", "exactly one of command, cell, script, notebook, function; none was given"),
    ({"cell": "1"}, "invalid_input", "command and cell were given"),
    ({"command": []}, "invalid_input", "command is empty"),
    ({"command": ""}, "invalid_input", "command is empty"),
    ({"command": ["", "x"]}, "invalid_input", "command is empty"),
    ({"command": 5}, "invalid_input", "command: 5 is not a list of texts"),
    ({"command": {"a": 1}}, "invalid_input", "command"),
    ({"command": ["ls", 5]}, "invalid_input", "command: 5 is not a text"),
    ({"command": ["ls", "a\0b"]}, "invalid_input", "command"),
    ({"command": None, "cell": 5}, "invalid_input", "cell: 5 is not a text"),
    ({"command": None, "cell": ["x = 1"]}, "invalid_input", "cell: ['x = 1'] is not a text"),
    ({"command": None, "cell": "  \n"}, "invalid_input", "cell is empty"),
    ({"command": None, "cell": "a\0b"}, "invalid_input", "cell contains a NUL"),
    ({"command": None, "script": "/no/such/script.py"}, "missing_file", "/no/such/script.py"),
    ({"command": None, "script": "/tmp"}, "missing_file", "There is no file /tmp"),
    ({"command": None, "script": "/dev/null"}, "missing_file", "/dev/null"),
    ({"command": None, "script": "relative.py"}, "invalid_input", "'relative.py' is not absolute"),
    ({"command": None, "script": "~nobody-here/x.py"}, "invalid_input", "names a user that is not here"),
    ({"command": None, "script": "/tmp/" + "x" * 5000}, "invalid_input", "longer than a path can be"),
    ({"command": None, "notebook": "/no/such/book.ipynb"}, "missing_file", "/no/such/book.ipynb"),
    ({"command": None, "function": "f"}, "invalid_input", "staging"),
    ({"command": None, "cell": "1", "python": "/no/such/python"}, "missing_python", "/no/such/python"),
    ({"args": ["x"]}, "invalid_input", "args was given with a command"),
    ({"outputs": ["x"]}, "invalid_input", "outputs was given with a command"),
    ({"command": None, "cell": "1", "outputs": ["a b"]}, "invalid_input", "'a b' is not a name"),
    ({"command": None, "cell": "1", "staging": "0" * 32}, "missing_staging", "0" * 32),
    ({"command": None, "cell": "1", "staging": "../../../etc"}, "invalid_input", "staging"),
    # where
    ({"workdir": "/no/such/folder"}, "missing_workdir", "There is no folder /no/such/folder"),
    ({"workdir": "/etc/passwd"}, "missing_workdir", "/etc/passwd"),
    ({"workdir": "here"}, "invalid_input", "'here' is not absolute"),
    ({"workdir": 5}, "invalid_input", "workdir: 5 is not a text"),
    ({"workdir": "/tmp/" + "x" * 300}, "missing_workdir", "There is no folder"),
    # how much
    ({"gpus": 4097}, "invalid_input", "gpus: 4097"),
    ({"gpus": -1}, "invalid_input", "gpus: -1"),
    ({"gpus": "lots!"}, "invalid_input", "gpus: 'lots!' cannot be read"),
    ({"gpus": "a" * 100_000 + "!"}, "invalid_input", "gpus"),
    ({"gpus": [1]}, "invalid_input", "gpus: [1] cannot be read"),
    ({"gpus": True}, "invalid_input", "gpus: True"),
    ({"gpus": {"count": -3}}, "invalid_input", "gpus"),
    ({"gpus": {"count": "many"}}, "invalid_input", "gpus"),
    ({"gpus": 10**400}, "invalid_input", "gpus"),
    ({"gpu_memory": "8G"}, "invalid_input", "no GPU"),
    ({"cpus": _CPUS + 1}, "too_many_cpus", f"asks for {_CPUS + 1} CPUs, this machine gives {_CPUS}"),
    ({"cpus": 0}, "invalid_input", "cpus: 0"),
    ({"cpus": "many"}, "invalid_input", "cpus: 'many' is not a number"),
    ({"cpus": 10**400}, "invalid_input", "cpus"),
    ({"memory": "8X"}, "invalid_input", "memory: '8X' is not a size"),
    ({"memory": "8"}, "invalid_input", "Did you mean '8G'?"),
    ({"memory": 0}, "invalid_input", "memory: 0"),
    ({"memory": 1.5}, "invalid_input", "memory: 1.5"),
    ({"memory": "1" + " " * 100_000 + "!"}, "invalid_input", "memory"),
    ({"memory": [8]}, "invalid_input", "memory"),
    ({"time": "soon"}, "invalid_input", "time: 'soon' is not a length of time"),
    ({"time": "2h30"}, "invalid_input", "time: '2h30'"),
    ({"time": "10:61"}, "invalid_input", "time: '10:61'"),
    ({"time": 0}, "invalid_input", "time: 0"),
    ({"time": -5}, "invalid_input", "time: -5"),
    ({"time": 1e300}, "invalid_input", "a hundred years"),
    ({"time": 10**400}, "invalid_input", "a hundred years"),
    ({"time": "9" * 5000 + ":00:00"}, "invalid_input", "time"),
    ({"time": True}, "invalid_input", "time: True"),
    ({"grace": -1}, "invalid_input", "grace: -1"),
    ({"grace": "long"}, "invalid_input", "grace: 'long'"),
    ({"priority": 1.5}, "invalid_input", "priority: 1.5 is not a whole number"),
    ({"priority": 10**7}, "invalid_input", "priority"),
    # what it is called
    ({"name": ""}, "invalid_input", "name is empty"),
    ({"name": "job-7"}, "invalid_input", "looks like an id"),
    ({"name": "42"}, "invalid_input", "looks like an id"),
    ({"name": "a/b"}, "invalid_input", "'a/b' cannot be a job's name"),
    ({"name": "../../x"}, "invalid_input", "cannot be a job's name"),
    ({"name": "x" * 129}, "invalid_input", "cannot be a job's name"),
    ({"name": "a\nb"}, "invalid_input", "cannot be a job's name"),
    ({"name": 5}, "invalid_input", "name: 5 is not a text"),
    ({"tags": "one"}, "invalid_input", "tags: 'one' is not a list of texts"),
    ({"tags": [1]}, "invalid_input", "tags: 1 is not a text"),
    ({"config": [1]}, "invalid_input", "config: [1] is not a mapping"),
    ({"config": {"deep": _DEEP}}, "invalid_input", "nested too deeply"),
    # what surrounds it
    ({"env": ["A=b"]}, "invalid_input", "env: a list is not a mapping"),
    ({"env": {"A B": "c"}}, "invalid_input", "'A B' is not a variable's name"),
    ({"env": {"A": 5}}, "invalid_input", "the value of 'A' is not a text"),
    ({"env": {"A": "a\0b"}}, "invalid_input", "the value of 'A'"),
    ({"environment": 5}, "invalid_input", "environment: int is not a mapping"),
    ({"sys_path": "x"}, "invalid_input", "sys_path"),
]  # fmt: skip


@contextmanager
def nothing_made(server: LiveServer) -> Iterator[None]:
    """Fail when a row, a folder or a staged file is there that was not there before, or is there no more."""

    def state() -> tuple[int, set[str], set[str]]:
        count = sum(server.get("jobs").json()["counts"].values())
        home = server.place.home
        staged = {str(path) for path in below(home / "staging")}
        return (
            count,
            {path.name for path in (home / "runs").glob("[!.]*")} if (home / "runs").exists() else set(),
            staged,
        )

    before = state()
    yield
    assert state() == before
    assert not list((server.place.home / "runs").glob(".trash*"))


def _refused(answer: httpx.Response, code: str, words: str, status: int = 400) -> None:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code, error
    assert words in f"{error['message']} {error['hint']}", error
    assert len(error["message"]) < 1000, "an error is a sentence"


def test_every_wrong_field_is_named_with_what_to_do(live: LiveServer) -> None:
    with nothing_made(live):
        for fields, code, words in _WRONG:
            _refused(live.post("jobs", json={**_GOOD, **fields}), code, words)


def test_a_secret_never_stands_in_an_error(live: LiveServer) -> None:
    for secrets in ({"A B": "hush"}, {"A": ["hush"]}, ["hush"], "hush"):
        answer = live.post("jobs", json={**_GOOD, "secrets": secrets})
        assert answer.status_code == 400
        assert "hush" not in answer.text


def test_more_gpus_than_the_machine_has_are_refused_with_what_it_has(live: LiveServer) -> None:
    there = live.get("gpus").json()["gpus"]
    with nothing_made(live):
        answer = live.post("jobs", json={**_GOOD, "gpus": len(there) + 1})
        _refused(answer, "too_many_gpus" if there else "no_gpus", f"asks for {len(there) + 1} GPU")
        _refused(
            live.post("jobs", json={**_GOOD, "gpus": "nosuch9000"}), "unknown_gpu_type" if there else "no_gpus", "GPU"
        )


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[", b"nothing", b"\xff\xfe", b'{"command": ["ls"]', b'{"command": ["ls"]} x', b"[" * 200_000, b'"text"', b"5",
        b"null", b"[]", b'{"command": "\xff"}', b"{'command': 'ls'}", b"[" * 60_000 + b"]" * 60_000,
    ],
)  # fmt: skip
def test_a_body_that_is_no_submission_is_refused(live: LiveServer, body: bytes) -> None:
    with nothing_made(live):
        answer = live.post("jobs", content=body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["code"] == "invalid_input"


def test_a_list_that_is_too_long_is_refused(live: LiveServer) -> None:
    with nothing_made(live):
        _refused(live.post("jobs", json=[_GOOD] * 1001), "invalid_input", "1 to 1000")


def test_a_body_that_is_too_large_is_refused(live: LiveServer) -> None:
    with nothing_made(live):
        body = b'{"cell": "' + b"x" * (65 * 1024 * 1024) + b'"}'
        _refused(live.post("jobs", content=body), "too_large", "staging", status=413)


def test_values_that_json_has_no_word_for_are_kept_as_words(live: LiveServer) -> None:
    body = b'{"command": ["/bin/true"], "config": {"a": NaN, "b": [-Infinity], "c": 1e999}}'
    job = live.post("jobs", content=body).json()
    assert job["spec"]["config"] == {"a": "NaN", "b": ["-Infinity"], "c": "Infinity"}
    live.ended(job["id"])


def test_a_script_without_rights_is_refused(live: LiveServer, tmp_path: Path) -> None:
    loop = tmp_path / "loop.py"
    loop.symlink_to(loop)
    with nothing_made(live):
        _refused(live.post("jobs", json={"script": str(loop)}), "missing_file", "loop.py")


# A home that cannot be written


@contextmanager
def disk_of_its_own(place: Place) -> Iterator[Place]:
    """Let the home be a disk of its own, of 8 MB."""
    place.home.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(place.home)]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"needs the right to mount: {mounted.stderr}")
    yield place
    stop_templates(place.home)
    subprocess.run(["umount", "-l", str(place.home)], check=True)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Place]:
    """A place with a small disk for its home."""
    with disk_of_its_own(Place(tmp_path / "small")) as place:
        yield place


@pytest.fixture(scope="module")
def cramped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on a small disk."""
    with disk_of_its_own(Place(tmp_path_factory.mktemp("cramped") / "place")) as place:
        server = LiveServer(place).start()
        yield server
        server.stop()


def _fill(home: Path) -> Path:
    """Leave no room in the home."""
    filler = home / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return filler


def test_a_full_home_refuses_jobs_and_takes_them_again_when_there_is_room(cramped: LiveServer) -> None:
    first = cramped.ended(cramped.submit(**_GOOD)["id"])
    filler = _fill(cramped.place.home)
    with nothing_made(cramped):
        for body in (_GOOD, {"cell": "x = 1"}, [_GOOD, _GOOD]):
            answer = cramped.post("jobs", json=body)
            assert answer.status_code == 503, answer.text
            error = answer.json()["error"]
            assert error["code"] in {"home_not_writable", "disk_full"}, error
            assert str(cramped.place.home) in error["message"]
            assert "space" in error["hint"]
    upload = cramped.request("PUT", "uploads/some-staging/a", content=b"x" * 100_000)
    assert upload.status_code == 503, upload.text
    patch = cramped.request("PATCH", f"runs/{first['id']}", json={"name": "other"})
    assert patch.status_code == 503, patch.text
    assert (
        cramped.get("health").status_code == cramped.get("jobs").status_code == cramped.get("runs").status_code == 200
    )
    filler.unlink()
    assert cramped.ended(cramped.submit(**_GOOD)["id"])["status"] == "completed"


def test_a_home_that_became_read_only_refuses_to_write_and_goes_on_reading(cramped: LiveServer) -> None:
    job = cramped.ended(cramped.submit(command=["echo", "kept"])["id"])
    with read_only(cramped.place.home), nothing_made(cramped):
        answer = cramped.post("jobs", json=_GOOD)
        assert answer.status_code in {400, 503}, answer.text
        error = answer.json()["error"]
        assert error["code"] in {"home_not_writable", "store_read_only", "store_io"}, error
        assert str(cramped.place.home) in error["message"]
        assert cramped.get(f"jobs/{job['id']}/log").text == "kept\n"
        assert cramped.request("PATCH", f"runs/{job['id']}", json={"name": "other"}).status_code == 503
        assert cramped.request("PUT", "uploads/some-staging/a", content=b"x").status_code == 503
    assert cramped.ended(cramped.submit(**_GOOD)["id"])["status"] == "completed"


@contextmanager
def read_only(home: Path) -> Iterator[None]:
    """Let everything below the home be opened for reading only."""
    subprocess.run(["mount", "--bind", home, home], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", home], check=True)
    yield
    subprocess.run(["umount", "-l", home], check=True)


def test_a_server_that_starts_on_a_read_only_home_says_so_until_it_can_write(small: Place) -> None:
    with read_only(small.home):
        server = LiveServer(small, healthy=False).start()
        error = server.get("jobs").json()["error"]
        assert str(small.home) in error["message"]
        assert "TRACKSIDE_HOME" in error["hint"]
    until(lambda: server.get("health").status_code == 200, "the home to be opened", 30)
    server.stop()


def test_a_server_whose_home_cannot_be_opened_says_why_until_it_can(small: Place) -> None:
    filler = _fill(small.home)
    server = LiveServer(small, healthy=False).start()
    for path in ("health", "jobs", "events"):
        answer = server.get(path)
        assert answer.status_code in {400, 503}, answer.text
        assert str(small.home) in answer.json()["error"]["message"]
    assert httpx.get(server.api + "health").status_code == 403, "a stranger learns nothing"
    filler.unlink()
    until(lambda: server.get("health").status_code == 200, "the home to be opened", 30)
    assert server.ended(server.submit(**_GOOD)["id"])["status"] == "completed"
    server.stop()
