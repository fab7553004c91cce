"""Hides a job's secrets at its end: in the reason, and by writing down which bytes of the log must not be shown."""

from __future__ import annotations

from trackside.tracking.atomic import write_json
from trackside.tracking.masking import Mask, Range, coarse
from trackside_server.runner.record import Charge

__all__ = ["MOST", "Hiding"]

MOST = 4096
"""Ranges of one attempt; where there are more, what lies between near ones is hidden with them."""


class Hiding:
    """What one attempt's log and end must not show."""

    def __init__(self, charge: Charge, mask: Mask) -> None:
        self._charge = charge
        self._mask = mask
        self._places: list[Range] | None = None

    def hide(self, how: dict[str, object]) -> None:
        """Cover the secrets in the reason of an end, and leave beside its record the places of those in the log.

        May be called again after an OSError: the log, which is complete, is searched only once.
        """
        if not self._mask:
            return
        reason = how.get("reason")
        if isinstance(reason, dict):
            how["reason"] = {**reason, "message": self._mask.text(str(reason["message"]))}
        if self._places is None:
            self._places = coarse(self._mask.places_in_file(self._charge.folder.log), MOST)
        write_json(self._charge.folder.masked(self._charge.attempt), self._places, indent=None)
