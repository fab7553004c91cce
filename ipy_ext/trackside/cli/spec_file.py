"""Jobs described in a file: the fields of a submission as YAML or JSON, one job or a list of them.

Paths are those seen from the file's folder, where jobs also run if they name no ``workdir``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from trackside.errors import InvalidInput, MissingPackage

__all__ = ["SUFFIXES", "jobs_in"]

SUFFIXES = (".yaml", ".yml", ".json")
_FILES = ("script", "notebook")


def jobs_in(path: Path, environment: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the submissions that a file describes, with the environment that they get.

    Raises InvalidInput for what cannot be read, naming the file and the job in it.
    """
    if not path.is_file():
        raise InvalidInput(f"{path} is not a file.", hint="Check the path.", code="no_such_file")
    found = _loaded(path)
    entries = found if isinstance(found, list) else [found]
    if not entries:
        raise InvalidInput(f"{path.name} describes no job.", hint="Write `command: [python, train.py]`.")
    return [_job(path, entry, number, len(entries), environment) for number, entry in enumerate(entries, 1)]


def _loaded(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(f"{path.name} is no text in UTF-8.") from None
    if path.suffix == ".json":
        import json

        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"{path.name} is no JSON: {error}.") from None
    try:
        import yaml
    except ImportError:
        raise MissingPackage("YAML is read by PyYAML.", hint="`pip install pyyaml`, or write JSON.") from None
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{path.name} is no YAML: {' '.join(str(error).split())}.") from None


def _job(path: Path, entry: object, number: int, count: int, environment: Mapping[str, str]) -> dict[str, object]:
    from trackside.models import parse_submission
    from trackside.sdk.secrets import secret_value
    from trackside.sdk.uploading import without_uploads

    place = path.name if count == 1 else f"{path.name}, job {number}"
    if not isinstance(entry, Mapping):
        raise InvalidInput(f"{place}: a {type(entry).__name__} is no job.", hint="Write `command: [python, train.py]`.")
    fields = {str(name).replace("-", "_"): value for name, value in entry.items()}
    names = fields.pop("secrets", None) or []
    if not isinstance(names, list):
        raise InvalidInput(
            f"{place}: secrets are names in a list; their values do not belong in a file.",
            hint="Write `secrets: [HF_TOKEN]`; the value is that of here, or is asked for.",
        )
    for name in _FILES:
        if isinstance(fields.get(name), str):
            fields |= {name: str(_beside(path, str(fields[name]))), "python": fields.get("python") or sys.executable}
    if fields.get("uploads"):
        fields["uploads"] = _beside_all(path, fields["uploads"])
    else:
        fields["workdir"] = str(_beside(path, str(fields.get("workdir") or ".")))
    env = fields.get("env")
    if isinstance(env, Mapping):
        fields["env"] = {key: _spelt(value) for key, value in env.items()}
    fields["secrets"] = {str(name): secret_value(str(name), option="secrets") for name in names}
    fields["environment"] = dict(environment)
    try:
        parse_submission(without_uploads(fields))
    except InvalidInput as error:
        raise InvalidInput(f"{place}: {error.message}", hint=error.hint, code=error.code) from None
    return {name: value for name, value in fields.items() if value not in (None, {}, [])}


def _beside(path: Path, text: str) -> Path:
    return (path.absolute().parent / Path(text).expanduser()).resolve()


def _beside_all(path: Path, uploads: object) -> dict[str, Path]:
    """Files and folders as the file names them, at the place that they have beside it."""
    if isinstance(uploads, Mapping):
        return {str(place): _beside(path, str(source)) for place, source in uploads.items()}
    named = [str(each) for each in uploads] if isinstance(uploads, list) else [str(uploads)]
    return {each: _beside(path, each) for each in named}


def _spelt(value: object) -> object:
    """A number or a yes as a variable has it: YAML reads them as what they look like."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value
