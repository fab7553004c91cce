"""What could not be written is counted, and said once: tracking never stops the work that it follows."""

from __future__ import annotations

__all__ = ["Losses"]


class Losses:
    """The number of records and files of one run that could not be written."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.count = 0
        self.last: str = ""
        self._said: set[str] = set()

    def add(self, error: BaseException | str, count: int = 1) -> None:
        """Count ``count`` losses; the first one is a warning, the others are silent."""
        self.count += count
        self.last = str(error)
        self.say("loss", f"{self.what}: {error}. The work goes on; what cannot be written is counted (run.dropped).")

    def say(self, topic: str, sentence: str) -> None:
        """Warn with this sentence unless this topic was warned of before."""
        if topic not in self._said:
            self._said.add(topic)
            import logging  # a tenth of the start of a run, for what is hardly ever said

            logging.getLogger("trackside").warning(sentence)
