"""Environment and secrets of queued jobs, encrypted with a key that lies apart from the store."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from trackside.errors import Conflict, InvalidInput
from trackside.tracking.atomic import write_bytes
from trackside_server.store.failures import reachable
from trackside_server.store.locks import only_one

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

__all__ = ["Opened", "Vault"]

_VERSION = b"1"
_PLAIN, _PACKED = b"j", b"z"
_WORTH_PACKING = 1024


class Opened(msgspec.Struct, frozen=True):
    """What a job gets by pipe alone: the carried environment (None: the server's own) and the secrets."""

    environment: dict[str, str] | None
    secrets: dict[str, str]

    def __repr__(self) -> str:
        return "<Opened>"


class Vault:
    """Seals what must not lie on the disk in clear; the key is made at first use, readable by its owner only."""

    def __init__(self, home: Path) -> None:
        self._path = home / "vault.key"
        self._fernet: Fernet | None = None

    def seal(self, environment: Mapping[str, str] | None, secrets: Mapping[str, str]) -> bytes:
        """Return environment and secrets encrypted."""
        opened = {"environment": None if environment is None else dict(environment), "secrets": dict(secrets)}
        text = json.dumps(opened).encode()  # not msgspec: a variable may hold bytes that are no text (surrogates)
        packed = _PACKED + zlib.compress(text, 1) if len(text) > _WORTH_PACKING else _PLAIN + text
        return _VERSION + self._cipher().encrypt(packed)

    def open(self, sealed: bytes) -> Opened:
        """Return what was sealed. Raises ``Conflict`` when the key is another than it was sealed with."""
        from cryptography.fernet import InvalidToken

        try:
            packed = self._cipher().decrypt(sealed.removeprefix(_VERSION))
        except InvalidToken:
            raise Conflict(
                f"The secrets of this job cannot be read any more: {self._path} is not the key they were sealed with.",
                hint="Submit the job again.",
                code="secrets_lost",
            ) from None
        opened = json.loads(zlib.decompress(packed[1:]) if packed[:1] == _PACKED else packed[1:])
        return Opened(opened["environment"], opened["secrets"])

    def _cipher(self) -> Fernet:
        if self._fernet is None:
            from cryptography.fernet import Fernet

            with reachable(self._path):
                key = self._path.read_bytes() if self._path.exists() else _make_key(self._path, Fernet.generate_key())
            try:
                self._fernet = Fernet(key)
            except ValueError:
                raise InvalidInput(
                    f"{self._path} holds no key.",
                    hint="Move it away: a new one is made. Jobs that wait with secrets must be submitted again.",
                    code="vault_damaged",
                ) from None
        return self._fernet


def _make_key(path: Path, key: bytes) -> bytes:
    """Keep ``key`` at ``path``, on the disk before it is used, and return it; the one of a faster process wins."""
    with only_one(path.parent):
        if path.exists():
            return path.read_bytes()
        write_bytes(path, key, mode=0o600, sync=True)
        return key
