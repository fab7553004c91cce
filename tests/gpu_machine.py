"""A machine with GPUs, servers on it included; the GPUs are a stub of NVIDIA's library."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.serving import LiveServer, Place, stop_templates
from tests.stub_nvml import StubGpu, StubNvml

__all__ = ["Machine", "gpu_machine"]


class Machine:
    """One machine: its GPUs, its lock folder, the servers that were started on it."""

    def __init__(self, root: Path) -> None:
        self.nvml = StubNvml(root / "nvml")
        self.root = root
        self.locks = str(root / "locks")
        self.servers: list[LiveServer] = []

    def show(self, *gpus: StubGpu) -> None:
        """Set the GPUs."""
        self.nvml.show(*gpus)

    def serve(self, home: str = "home", **options: str) -> LiveServer:
        """Start a server with a home of its own."""
        server = LiveServer(
            Place(self.root / home),
            options=("--TracksideApp.cpus=32", *(f"--TracksideApp.{name}={value}" for name, value in options.items())),
            environment={**self.nvml.environment, "TRACKSIDE_LOCKS": self.locks},
        )
        self.servers.append(server)
        return server.start()

    def close(self) -> None:
        """End the servers and what their jobs left."""
        for server in self.servers:
            server.stop()
            stop_templates(server.place.home)


@contextmanager
def gpu_machine() -> Iterator[Machine]:
    """Give a machine in a folder that every user of the machine may look into."""
    with tempfile.TemporaryDirectory(prefix="trackside-gpus-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        made = Machine(Path(folder))
        yield made
        made.close()
