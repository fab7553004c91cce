"""Environment and secrets rest encrypted, with a key that lies apart."""

import stat
import threading

import pytest

from trackside.errors import Conflict, InvalidInput
from trackside_server.store import Vault


@pytest.mark.parametrize(
    ("environment", "secrets"),
    [
        (None, {}),
        ({}, {"TOKEN": "s3cret"}),
        ({"PATH": "/bin", "BASH_FUNC_x%%": "() { :; }", "ODD": "caf\udce9 ∞\n"}, {}),
        ({f"NAME_{number}": "value" * 20 for number in range(100)}, {"A": "b"}),
    ],
)
def test_what_is_sealed_is_opened_by_the_next_process(tmp_path, environment, secrets):
    sealed = Vault(tmp_path).seal(environment, secrets)
    opened = Vault(tmp_path).open(sealed)
    assert (opened.environment, opened.secrets) == (environment, secrets)


def test_what_is_sealed_shows_neither_value_nor_name(tmp_path):
    sealed = Vault(tmp_path).seal({"HARMLESS": "x"}, {"TOKEN": "s3cret"})
    assert b"s3cret" not in sealed
    assert b"TOKEN" not in sealed


def test_what_is_opened_shows_nothing_in_its_repr(tmp_path):
    vault = Vault(tmp_path)
    assert repr(vault.open(vault.seal({"A": "s3cret"}, {"B": "s3cret"}))) == "<Opened>"


def test_an_environment_is_packed(tmp_path):
    environment = {f"NAME_{number}": "/a/long/path" * 10 for number in range(100)}
    assert len(Vault(tmp_path).seal(environment, {})) < 3000


def test_the_key_is_its_owners_alone_and_made_at_first_use(tmp_path):
    vault = Vault(tmp_path)
    assert list(tmp_path.iterdir()) == []
    vault.seal(None, {})
    assert stat.S_IMODE((tmp_path / "vault.key").stat().st_mode) == 0o600


def test_two_that_begin_at_once_use_one_key(tmp_path):
    vaults = [Vault(tmp_path) for _ in range(8)]
    sealed = [b""] * len(vaults)
    gate = threading.Barrier(len(vaults))

    def seal(number):
        gate.wait()
        sealed[number] = vaults[number].seal(None, {"N": str(number)})

    threads = [threading.Thread(target=seal, args=(number,)) for number in range(len(vaults))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [Vault(tmp_path).open(each).secrets["N"] for each in sealed] == [str(n) for n in range(len(vaults))]


def test_another_key_opens_nothing_and_says_what_to_do(tmp_path):
    sealed = Vault(tmp_path).seal(None, {"A": "b"})
    (tmp_path / "vault.key").unlink()
    with pytest.raises(Conflict, match="Submit the job again"):
        Vault(tmp_path).open(sealed)


def test_what_was_changed_is_not_opened(tmp_path):
    vault = Vault(tmp_path)
    sealed = bytearray(vault.seal(None, {"A": "b"}))
    sealed[40] ^= 1
    with pytest.raises(Conflict):
        vault.open(bytes(sealed))


def test_a_key_file_without_a_key_is_refused_and_left_alone(tmp_path):
    (tmp_path / "vault.key").write_bytes(b"")
    with pytest.raises(InvalidInput, match=r"vault\.key"):
        Vault(tmp_path).seal(None, {})
    assert (tmp_path / "vault.key").read_bytes() == b""


def test_a_home_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InvalidInput, match="gone"):
        Vault(tmp_path / "gone").seal(None, {})


def test_a_text_sealed_by_the_first_release_is_opened_for_ever(tmp_path):
    (tmp_path / "vault.key").write_bytes(b"8J3Zl8Q6nq6nD7cX3m5h2V1YxR0tKpWfUeSgTaBcDdE=")
    opened = Vault(tmp_path).open(
        b"1gAAAAABrAlo4ZaWnLC1onjuwynT4rqB5-0fN2-NzswoGE1UBjvplslNtMozXPuf2JEs6xZdN4n4vC5DM4cNcfRRFx"
        b"9m2-EOkOR7McYGKvq3NLZYmdWRuC89wBtNf6EGLiInXqSLjqQUkIbbo4qJhUda6kL9l7K1JPtINgngIn_BgP2dhWbKblJM="
    )
    assert (opened.environment, opened.secrets) == ({"PATH": "/bin"}, {"TOKEN": "s3cret"})
