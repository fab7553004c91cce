"""What is kept of a job's secrets once an attempt is over."""

from types import SimpleNamespace

import msgspec
import pytest

from trackside_server.engine.attempts import forget_secrets
from trackside_server.store import Vault


class Kept:
    """What the store keeps for the vault."""

    def __init__(self, sealed):
        self.sealed = sealed

    def take_secrets(self, _):
        taken, self.sealed = self.sealed, None
        return taken

    def keep_secrets(self, _, sealed):
        self.sealed = sealed


@pytest.fixture
def secret_job(job):
    plain = job(1)
    return msgspec.structs.replace(plain, spec=msgspec.structs.replace(plain.spec, secrets=["KEY"]))


def test_the_secrets_go_and_the_environment_stays(tmp_path, secret_job):
    vault = Vault(tmp_path)
    kept = Kept(vault.seal({"HOME": "/home/alice"}, {"KEY": "opensesame"}))
    forget_secrets(SimpleNamespace(vault=vault), kept, secret_job)
    opened = vault.open(kept.sealed)
    assert (opened.environment, opened.secrets) == ({"HOME": "/home/alice"}, {})


def test_what_was_sealed_with_a_lost_key_goes_and_keeps_no_job_from_its_end(tmp_path, secret_job):
    for name in ("then", "now"):
        (tmp_path / name).mkdir()
    kept = Kept(Vault(tmp_path / "then").seal({}, {"KEY": "opensesame"}))
    forget_secrets(SimpleNamespace(vault=Vault(tmp_path / "now")), kept, secret_job)
    assert kept.sealed is None
