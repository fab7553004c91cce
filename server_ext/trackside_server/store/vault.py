"""Environment and secrets of queued jobs, encrypted with a key that lies apart from the store."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from trackside.errors import Conflict, InvalidInput

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
        opened = Opened(None if environment is None else dict(environment), dict(secrets))
        text = msgspec.json.encode(opened)
        packed = _PACKED + zlib.compress(text, 1) if len(text) > _WORTH_PACKING else _PLAIN + text
        return _VERSION + self._cipher(make=True).encrypt(packed)

    def open(self, sealed: bytes) -> Opened:
        """Return what was sealed. Raises ``Conflict`` when the key is another than it was sealed with."""
        from cryptography.fernet import InvalidToken

        try:
            packed = self._cipher(make=False).decrypt(sealed.removeprefix(_VERSION))
            text = zlib.decompress(packed[1:]) if packed[:1] == _PACKED else packed[1:]
        except (InvalidToken, FileNotFoundError):
            raise Conflict(
                f"The secrets of this job cannot be read any more: {self._path} is not the key they were sealed with.",
                hint="Submit the job again.",
                code="secrets_lost",
            ) from None
        return msgspec.json.decode(text, type=Opened)

    def _cipher(self, *, make: bool) -> Fernet:
        if self._fernet is None:
            from cryptography.fernet import Fernet

            try:
                key = self._path.read_bytes()
            except FileNotFoundError:
                if not make:
                    raise
                key = _make_key(self._path, Fernet.generate_key())
            try:
                self._fernet = Fernet(key)
            except ValueError:
                raise InvalidInput(
                    f"{self._path} does not hold a key.", hint="Move it away; queued secrets are lost with it."
                ) from None
        return self._fernet


def _make_key(path: Path, key: bytes) -> bytes:
    """Write the key where there is none and return the one that is there: another process may have been faster."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        os.link(aside, path)
    except FileExistsError:
        return path.read_bytes()
    finally:
        aside.unlink()
    _sync_folder(path.parent)
    return key


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
