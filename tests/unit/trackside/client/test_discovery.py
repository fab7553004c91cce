import os
import subprocess

import pytest

from trackside.client import headless
from trackside.client.discovery import find_server, given_server
from trackside.errors import ServerUnreachable


def never(address):
    raise AssertionError(f"{address} was asked")


def find(machine, env=(), **options):
    options = {"start": False, "answers": lambda address: True, **options}
    return find_server({**machine.env, **dict(env)}, **options)


@pytest.fixture
def stranger():
    """A living process that is no ancestor of ours."""
    process = subprocess.Popen(["sleep", "60"])
    yield process.pid
    process.kill()
    process.wait()


def test_a_named_url_comes_before_everything(machine):
    machine.server(os.getppid())
    found = find(machine, {"TRACKSIDE_URL": "https://lab/ann", "TRACKSIDE_TOKEN": "t"}, answers=never)
    assert (found.url, found.token, found.source) == ("https://lab/ann/", "t", "environment")


def test_the_server_that_started_the_kernel_is_taken_at_its_word(machine, stranger):
    machine.server(stranger)
    found = find(machine, {"JPY_PARENT_PID": str(stranger)}, answers=never)
    assert found.pid == stranger


def test_a_wrapper_between_server_and_kernel_does_not_hide_the_server(machine, stranger):
    """The stranger stands for a wrapper: the parent that the kernel knows, and a child of the server."""
    machine.server(os.getpid())
    assert find(machine, {"JPY_PARENT_PID": str(stranger)}, answers=never).pid == os.getpid()


def test_without_the_variable_the_ancestors_are_looked_through(machine):
    machine.server(os.getppid())
    assert find(machine, answers=never).pid == os.getppid()


def test_an_own_home_goes_before_the_kernels_server(machine, stranger, tmp_path):
    machine.server(stranger)
    env = {"JPY_PARENT_PID": str(stranger), "TRACKSIDE_HOME": str(tmp_path / "other")}
    with pytest.raises(ServerUnreachable, match=r"No Trackside server runs for .*other"):
        find(machine, env)


def test_without_a_named_home_the_kernels_server_is_taken_whatever_its_home(machine, stranger):
    machine.server(stranger, home="/somewhere/else")
    env = dict(machine.env, JPY_PARENT_PID=str(stranger))
    del env["TRACKSIDE_HOME"]
    assert find_server(env, start=False, answers=never).home == "/somewhere/else"


def test_a_parent_that_failed_to_answer_is_asked_the_next_time(machine, stranger):
    machine.server(os.getppid())
    machine.server(stranger, headless=True)
    found = find(machine, check=True, answers=lambda address: address.pid != os.getppid())
    assert found.pid == stranger


def test_any_living_server_of_the_home_that_answers_will_do(machine, stranger):
    machine.server(stranger)
    assert find(machine).pid == stranger


def test_a_job_which_does_not_know_jupyters_folder_finds_the_server_in_its_home(machine, stranger, tmp_path):
    path = machine.server(stranger)
    (machine.home / "run").mkdir()
    path.rename(machine.home / "run" / path.name)
    assert find(machine, {"JUPYTER_RUNTIME_DIR": str(tmp_path / "default")}).pid == stranger


def test_a_server_of_another_home_will_not_do(machine, stranger, tmp_path):
    machine.server(stranger, home=str(tmp_path))
    with pytest.raises(ServerUnreachable):
        find(machine)


def test_a_living_process_that_does_not_answer_as_this_server_is_passed_over(machine, stranger):
    machine.server(stranger)
    with pytest.raises(ServerUnreachable):
        find(machine, answers=lambda address: False)


HUB = {
    "JUPYTERHUB_SERVICE_PREFIX": "/user/ann/",
    "JUPYTERHUB_API_TOKEN": "hubtoken",
    "JUPYTERHUB_SERVICE_URL": "http://0.0.0.0:8888/user/ann/",
}


def test_the_variables_of_the_hub_name_the_single_user_server(machine):
    found = find(machine, HUB)
    assert (found.url, found.token, found.source) == ("http://127.0.0.1:8888/user/ann/", "hubtoken", "hub")


@pytest.mark.parametrize("missing", list(HUB))
def test_half_of_the_hubs_variables_name_nothing(machine, missing):
    with pytest.raises(ServerUnreachable):
        find(machine, {**HUB, missing: ""})


def test_the_living_server_of_the_home_goes_before_the_hub(machine, stranger):
    machine.server(stranger)
    assert find(machine, HUB).source == "file"


def test_a_headless_server_is_started_only_when_nothing_else_is_there(machine, monkeypatch):
    started = []
    monkeypatch.setattr(headless, "start_server", lambda home, *rest, **options: started.append(home) or "address")
    assert find(machine, start=True) == "address"
    assert started == [machine.home]


def test_looking_alone_starts_nothing(machine):
    with pytest.raises(ServerUnreachable) as told:
        find(machine)
    assert told.value.code == "no_server"
    assert "trackside server start" in told.value.hint


def test_a_token_given_in_words_goes_before_the_one_in_the_url(machine):
    assert given_server("http://lab/?token=b", "a", machine.env).token == "a"
    assert given_server("http://lab/?token=b", None, machine.env).token == "b"


def test_the_token_of_the_environment_is_sent_only_to_the_server_it_is_meant_for(machine):
    env = {**machine.env, "TRACKSIDE_TOKEN": "t"}
    assert given_server("http://lab/", None, env).token == "t"
    assert given_server("http://lab/", None, {**env, "TRACKSIDE_URL": "http://lab"}).token == "t"
    assert given_server("http://other/", None, {**env, "TRACKSIDE_URL": "http://lab"}).token is None


def test_the_url_of_an_own_server_brings_its_secret(machine):
    machine.server()
    assert given_server(f"127.0.0.1:{os.getpid()}", None, machine.env).token == f"secret-{os.getpid()}"
