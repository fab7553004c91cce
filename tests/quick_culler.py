"""A Jupyter server whose culler looks twice a second, not once a minute, and says that it did."""

from __future__ import annotations

from jupyter_server.serverapp import ServerApp
from tornado.ioloop import PeriodicCallback

from trackside_server import app

LOOKED = "the culler looked"


class QuickCuller(ServerApp):
    """The server as it is; only its clock runs faster."""

    def init_shutdown_no_activity(self) -> None:
        """Call Jupyter's own check twice a second."""
        PeriodicCallback(self._look, 500).start()

    def _look(self) -> None:
        print(LOOKED, flush=True)
        self.shutdown_no_activity()


if __name__ == "__main__":
    app._STILL_ACTIVE = 0.2
    QuickCuller.launch_instance()
