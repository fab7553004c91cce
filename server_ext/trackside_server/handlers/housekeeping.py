"""Routes that keep a home in order."""

from __future__ import annotations

from jupyter_server.auth import authorized
from tornado.web import authenticated

from trackside_server.engine import doctor, prune
from trackside_server.handlers.base import TracksideHandler

__all__ = ["ROUTES"]


class DoctorHandler(TracksideHandler):
    """``doctor``."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer what is found here, what is enforced, what is wrong and how to mend it."""
        self.answer(await doctor.diagnose(self.core))


class PruneHandler(TracksideHandler):
    """``prune``."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Delete finished runs by age, number and size; unless ``dry_run`` is false, only say which."""
        self.answer(await prune.prune(self.core, self.json_object()))


ROUTES = [("doctor", DoctorHandler), ("prune", PruneHandler)]
