"""Option values that name things of the notebook or the machine: a dict, variables, a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trackside.errors import InvalidInput, near
from trackside.magics.options import Arguments
from trackside.sdk.secrets import secret_value

if TYPE_CHECKING:
    from trackside.models.sweep import Scalar

__all__ = ["config_of", "env_of", "existing_file", "params_of", "secrets_of", "workdir_of"]


def config_of(arguments: Arguments, namespace: Mapping[str, object]) -> dict[str, object] | None:
    """Return the dict that ``--config VAR`` names; an object with fields (dataclass, Namespace) counts as one."""
    name = arguments.text("config")
    if name is None:
        return None
    if name not in namespace:
        known = [key for key, value in namespace.items() if isinstance(value, Mapping) and not key.startswith("_")]
        raise InvalidInput(f"--config: the notebook has no {name!r}.", hint=near(name, known))
    value = namespace[name]
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    fields = getattr(value, "__dict__", None)
    if isinstance(value, type) or not isinstance(fields, dict):
        raise InvalidInput(
            f"--config: {name!r} is a {type(value).__name__}, not a dict.", hint="Give the name of a dict."
        )
    return {str(key): item for key, item in fields.items() if not str(key).startswith("_")}


def env_of(arguments: Arguments) -> dict[str, str] | None:
    """Return the variables of ``--env``: ``K=V``, or ``K`` for the value that it has here."""
    variables: dict[str, str] = {}
    for text in arguments.texts("env"):
        name, equals, value = text.partition("=")
        if not name.isidentifier():
            raise InvalidInput(f"--env: {text!r} is not K=V.", hint="Write --env BATCH=64.")
        if not equals and name not in os.environ:
            raise InvalidInput(f"--env: {name!r} has no value here.", hint=f"Write --env {name}=….")
        variables[name] = value if equals else os.environ[name]
    return variables or None


def params_of(arguments: Arguments) -> dict[str, Scalar] | None:
    """Return the parameters of ``-P NAME=VALUE``; numbers, true, false and none are what they say."""
    from trackside.models.sweep import parse_parameter

    return dict(map(parse_parameter, arguments.texts("param"))) or None


def secrets_of(arguments: Arguments) -> dict[str, str] | None:
    """Return the secrets of ``--secret``: the value that each has here, else what is typed when asked, never shown."""
    return {name: secret_value(name, option="--secret") for name in arguments.names("secret")} or None


def workdir_of(arguments: Arguments) -> str | None:
    """Return the folder of ``--workdir``, absolute; None when it was not given."""
    text = arguments.text("workdir")
    if text is None:
        return None
    folder = Path(text).expanduser().absolute()
    if not folder.is_dir():
        raise InvalidInput(f"--workdir: there is no folder {str(folder)!r}.")
    return str(folder)


def existing_file(text: str) -> Path:
    """Return the absolute path of a file; a wrong name lists the near ones in its folder."""
    path = Path(text).expanduser().absolute()
    if path.is_file():
        return path
    if path.is_dir():
        raise InvalidInput(f"{text!r} is a folder.", hint="Name a .py or .ipynb file in it.")
    beside = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
    where = "" if path.parent.is_dir() else f" (there is no folder {str(path.parent)!r})"
    raise InvalidInput(f"There is no file {text!r}{where}.", hint=near(path.name, beside), code="no_such_file")
