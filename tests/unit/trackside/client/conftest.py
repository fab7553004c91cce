import json
import os
from pathlib import Path

import pytest

from trackside.client.lineage import parse_stat


def start_of(pid):
    return parse_stat(Path(f"/proc/{pid}/stat").read_bytes())[2]


class Machine:
    """Runtime and home folders of one user, with the files that servers leave there."""

    def __init__(self, root):
        self.runtime, self.home = root / "runtime", root / "home"
        self.runtime.mkdir()
        self.home.mkdir(mode=0o700)
        self.env = {"JUPYTER_RUNTIME_DIR": str(self.runtime), "TRACKSIDE_HOME": str(self.home), "HOME": str(root)}

    def server(self, pid=None, mode=0o600, **fields):
        """Leave the file of a server; by default one that this process would have written."""
        pid = pid or os.getpid()
        known = {
            "url": f"http://127.0.0.1:{pid}/",
            "api": "",
            "token": f"secret-{pid}",
            "pid": pid,
            "start_time": start_of(pid) if Path(f"/proc/{pid}").exists() else 1,
            "home": str(self.home),
            "home_id": "h1",
            "version": "0.1.0",
            "headless": False,
        }
        path = self.runtime / f"trackside-{pid}.json"
        path.write_text(json.dumps({**known, **fields}))
        path.chmod(mode)
        return path


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)
