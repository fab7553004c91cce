"""The server that the examples speak to."""

from __future__ import annotations

from tests.integration.conftest import live

__all__ = ["live"]
