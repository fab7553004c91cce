"""Look at everything that jobs need: what is found, what is enforced, what is wrong and how to mend it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from trackside.cli.terminal import Terminal
from trackside.errors import NotFound, TracksideError

if TYPE_CHECKING:
    from trackside.models.housekeeping import Finding

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: doctor takes no words."""


def run(terminal: Terminal, arguments: argparse.Namespace) -> int:
    """Look at everything; exit 1 when something is wrong. Starts no server."""
    from trackside.cli.checkup import environment_findings
    from trackside.client.headless import missing_parts

    missing = missing_parts()
    findings = [*_of_server(terminal, missing), *environment_findings(missing)]
    terminal.answer(findings, "\n".join(map(_line, findings)))
    return 1 if any(finding.level == "problem" for finding in findings) else 0


def _line(finding: Finding) -> str:
    fix = f"\n{'':<27}→ {finding.fix}" if finding.fix else ""
    return f"{finding.level:<8} {finding.name:<17} {finding.message}{fix}"


def _of_server(terminal: Terminal, missing: list[str]) -> Iterator[Finding]:
    """What the server says of itself and its home; without one, what can be seen of the home from here."""
    from trackside.cli.checkup import home_findings
    from trackside.client.discovery import find_server
    from trackside.models.housekeeping import Finding
    from trackside.tracking.home import home_dir

    try:
        if not terminal.url:
            find_server(check=True, start=False)
        address, health = terminal.client.address(), terminal.client.info()
    except TracksideError as error:
        if not terminal.url:
            yield from home_findings(home_dir())
        if error.code == "no_server" and not missing:
            yield Finding("note", "server", "none runs; the first use starts one")
        else:
            yield Finding("problem", "server", error.message, error.hint)
        return
    headless = " (headless)" if address.headless else ""
    yield Finding("ok", "server", f"{health.version} at {address.url}{headless}, process {health.pid}")
    try:
        yield from terminal.client.doctor().findings
    except NotFound:  # one of an older version
        yield from (Finding("note", "warning", warning) for warning in health.warnings)
