import subprocess
import sys

import pytest

import trackside.client


def loaded_by(code):
    shown = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(shown.stdout.split())


def test_the_package_alone_loads_no_http_library():
    assert not {"httpx", "msgspec", "asyncio"} & loaded_by("import trackside.client")


def test_the_client_that_waits_loads_no_event_loop():
    assert "asyncio" not in loaded_by("from trackside.client import Client; Client('http://127.0.0.1:1/')")


def test_every_public_name_is_there_and_no_other():
    for name in trackside.client.__all__:
        assert getattr(trackside.client, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Cleint'"):
        trackside.client.Cleint  # noqa: B018
