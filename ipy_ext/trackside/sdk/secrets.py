"""The values of secrets: from the environment, else asked for without showing them."""

from __future__ import annotations

import getpass
import os
import re
import warnings

from trackside.errors import InvalidInput

__all__ = ["Secret", "secret_value"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Secret(str):
    """A text that no repr shows: not a traceback's, not a debugger's."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


def secret_value(name: str, *, option: str = "secrets") -> Secret:
    """Return the value of a secret: the variable of this name, else what is typed when asked; it is never shown.

    Raises InvalidInput where there is neither the variable nor anybody to ask.
    """
    if not _NAME.fullmatch(name):
        said = "a name with its value" if "=" in name else repr(name)  # the value must not be repeated
        raise InvalidInput(
            f"{option}: {said} is not the name of a secret.", hint=f"Write {option} NAME; the value is asked for."
        )
    value = os.environ.get(name)
    if value is None:
        value = _asked(name, option)
    if not value:
        raise InvalidInput(f"{option}: the secret {name} is empty.", hint=f"Set it with os.environ[{name!r}] = ….")
    return Secret(value)


def _asked(name: str, option: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would be echoed
            return getpass.getpass(f"{name}: ")
    except (
        getpass.GetPassWarning,
        EOFError,
        NotImplementedError,
        OSError,
        RuntimeError,
    ) as error:  # nobody there; IPython raises its own
        raise InvalidInput(
            f"{option}: there is no variable {name} here, and nobody can be asked for its value.",
            hint=f"Set {name} first.",
        ) from error
