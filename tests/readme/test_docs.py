"""What the pages beside README say is so: names in our column exist, generated pages are up to date."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import trackside
from trackside import tracking
from trackside.cli.schema import described
from trackside.cli.spec_file import jobs_in
from trackside.client import Client
from trackside.sdk.options import OPTIONS

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "coming-from.md").read_text()
_OURS = [row.split(" | ")[-1] for row in re.findall(r"^\| (.+) \|$", _PAGE, re.MULTILINE) if " | " in row]


def _code() -> str:
    return "\n".join(piece for cell in _OURS for piece in re.findall(r"`([^`]+)`", cell))


def test_the_names_that_others_are_told_exist() -> None:
    code = _code()
    with Client("http://127.0.0.1:1/", "t") as client:
        for part, verb in re.findall(r"\bclient\.(jobs|runs|monitoring|queue)\.(\w+)", code):
            assert hasattr(getattr(client, part), verb), f"client.{part}.{verb}"
        for verb in re.findall(r"\bclient\.(health|close)\b", code):
            assert hasattr(client, verb)
    for name in re.findall(r"\btrackside\.(\w+)", code):
        assert hasattr(trackside, name) or name == "tracking", f"trackside.{name}"
    for name in re.findall(r"\bjob\.(?!yaml)(\w+)", code):
        assert hasattr(trackside.Job, name), f"job.{name}"
    for name in re.findall(r"\brun\.(\w+)", code):
        assert hasattr(trackside.Run, name), f"run.{name}"
    assert hasattr(tracking, "read_meta")
    for option in re.findall(r"\b(\w+)=", code):
        known = {*OPTIONS, "wait", "args", "token", "ca_cert", "client_cert", "client_key", "root", "follow", "binary"}
        assert option in known | {"lr", "seed", "NAME", "step"}, option


def test_the_commands_that_others_are_told_exist() -> None:
    verbs = {
        verb["name"]: {flag for each in verb["arguments"] for flag in each["flags"]} for verb in described()["verbs"]
    }
    for verb, rest in re.findall(r"`trackside (\w+)([^`]*)`", "\n".join(_OURS)):
        assert verb in verbs, verb
        for flag in re.findall(r"(?<!\S)(-{1,2}[a-z][\w-]*)", rest.split(" -- ")[0]):
            assert flag in verbs[verb], f"{verb} {flag}"


def test_the_reference_is_what_the_code_says() -> None:
    checked = subprocess.run(
        [sys.executable, str(_ROOT / ".ci" / "reference.py"), "--check"], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr


def test_the_job_in_a_file_can_be_read(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```", (_ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "job.yaml").write_text(block)
    (job,) = jobs_in(tmp_path / "job.yaml", {})
    assert (job["name"], job["command"][1:2], job["gpus"]) == ("baseline", ["train.py"], "a100")  # type: ignore[index]
    assert list(job["uploads"]) == ["train.py", "conf/"]  # type: ignore[call-overload]
