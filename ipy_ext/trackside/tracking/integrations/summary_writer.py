"""A ``SummaryWriter`` as code for TensorBoard knows it, which writes a Trackside run: only its import changes."""

from __future__ import annotations

import math
import os
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from types import TracebackType
from typing import Any

from trackside.errors import NotLoggable
from trackside.tracking.ending import COMPLETED, Outcome, of_exception
from trackside.tracking.integrations.attachment import Attachment
from trackside.tracking.run import Run

__all__ = ["SummaryWriter"]

_places: weakref.WeakKeyDictionary[Run, list[str | None]] = weakref.WeakKeyDictionary()
"""The ``log_dir`` of each writer that shares a run, by run."""


class SummaryWriter:
    """Writes to the open run, else to one of its own, which ``close`` ends; the arguments are those of TensorBoard.

    The last part of ``log_dir`` with ``comment`` is the name of an own run. Where several writers share one run, as
    for training and validation in a job, those of a second ``log_dir`` put its last part before their keys. Every
    record is in the system's hands when its call returns, so ``max_queue``, ``flush_secs`` and ``flush`` have nothing
    to do; ``walltime`` is ignored: a record has the time at which it was written.

    ``dropped`` counts what a run cannot hold; ``add_graph`` and others that Trackside does not keep are among that.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str = "",
        **_others: object,
    ) -> None:
        place = log_dir if log_dir is not None else _others.get("logdir")  # as tensorboardX has it
        told = None if place is None else os.path.normpath(str(place))
        last = "" if told is None else PurePath(told).name
        self._attachment = Attachment("SummaryWriter", name=(last + comment) or None, forgotten=_completed)
        self._run = self._attachment.begin()
        if not self._attachment.own:
            self._attachment.prefix = _prefix(self._run, told, last)

    @property
    def run(self) -> Run:
        """The run that is written to."""
        return self._run

    @property
    def log_dir(self) -> str:
        """The folder for files that belong to the run: its ``artifacts``."""
        return str(self._run.run_dir / "artifacts")

    def get_logdir(self) -> str:
        """Return the folder for files that belong to the run: its ``artifacts``."""
        return self.log_dir

    @property
    def dropped(self) -> int:
        """The number of values that a run cannot hold."""
        return self._attachment.dropped

    def add_scalar(
        self,
        tag: str,
        scalar_value: object,
        global_step: object = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """Log one number."""
        self._attachment.log({tag: scalar_value}, global_step)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, object],
        global_step: object = None,
        walltime: float | None = None,
    ) -> None:
        """Log several numbers in one record, as ``main_tag/key``."""
        self._attachment.log({f"{main_tag}/{key}": value for key, value in tag_scalar_dict.items()}, global_step)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: Any = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """Keep a distribution. A number of ``bins``, or ``max_bins``, is taken; the rules of TensorBoard are not."""
        options = {"bins": size} if (size := bins if isinstance(bins, int) else max_bins) else {}
        self._keep(tag, lambda run, key: run.log_histogram(key, values, global_step, **options))

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """Keep an image: whole numbers from 0 to 255 or floats from 0 to 1, with its axes as ``dataformats`` names them."""
        self._keep(tag, lambda run, key: run.log_image(key, _pixels(key, img_tensor, dataformats), global_step))

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Keep a batch of images as one picture, side by side."""
        self.add_image(tag, img_tensor, global_step, walltime, dataformats)

    def add_figure(
        self, tag: str, figure: Any, global_step: Any = None, close: bool = True, walltime: float | None = None
    ) -> None:
        """Keep a matplotlib figure, or each of a list under a number of its own; then close it."""
        figures = list(figure) if isinstance(figure, Sequence) else [figure]
        for number, each in enumerate(figures):
            name = tag if len(figures) == 1 else f"{tag}/{number}"
            self._keep(name, lambda run, key, each=each: run.log_figure(key, each, global_step))  # type: ignore[misc]
            if close and "matplotlib.pyplot" in sys.modules:
                sys.modules["matplotlib.pyplot"].close(each)

    def add_text(self, tag: str, text_string: str, global_step: Any = None, walltime: float | None = None) -> None:
        """Keep a text."""
        self._keep(tag, lambda run, key: run.log_text(key, text_string, global_step))

    def add_hparams(
        self,
        hparam_dict: Mapping[str, object],
        metric_dict: Mapping[str, object],
        hparam_domain_discrete: object = None,
        run_name: str | None = None,
        global_step: object = None,
    ) -> None:
        """Add hyperparameters to the run's configuration, and their metrics to its summary."""
        self._attachment.configure(hparam_dict)
        self._attachment.summary(metric_dict)

    def flush(self) -> None:
        """Do nothing: what was added is written already."""

    def close(self) -> None:
        """End an own run; another one goes on."""
        self._attachment.end()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._attachment.end(COMPLETED if kind is None else of_exception(kind, value))

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Take what else TensorBoard's writer can do, and count it as dropped, so that its users go on."""
        if not name.startswith("add_"):
            raise AttributeError(f"'SummaryWriter' object has no attribute {name!r}")

        def drop(*_arguments: object, **_options: object) -> None:
            self._attachment.drop(name, f"{name}() keeps nothing.")

        return drop

    def _keep(self, tag: str, write: Callable[[Run, str], None]) -> None:
        self._attachment.keep(lambda run: write(run, self._attachment.prefix + tag))


def _completed(_run: Run) -> Outcome:
    """A writer that was never closed has written all the same."""
    return COMPLETED


def _prefix(run: Run, place: str | None, last: str) -> str:
    """Return what a writer puts before its keys: nothing for the first place of a run, else the place's last part."""
    places = _places.setdefault(run, [])
    if place not in places:
        places.append(place)
    return f"{last}/" if last and places.index(place) else ""


def _pixels(key: str, value: Any, axes: str) -> Any:
    """Return an array of height × width, or height × width × channels. Raises NotLoggable where the axes are others."""
    from trackside.tracking.media.arrays import as_numpy

    array, axes = as_numpy(key, value), axes.upper()
    if array.ndim != len(axes) or not {"H", "W"} <= set(axes) <= set("NHWC"):
        raise NotLoggable(f"{key!r}: an array of {array.ndim} axes has no {axes!r}.", hint="See dataformats.")
    array = array.transpose([axes.index(axis) for axis in "NHWC" if axis in axes])
    return _side_by_side(array) if "N" in axes else array


def _side_by_side(images: Any) -> Any:
    """Return a batch of images as one of rows that are about as long as there are rows; the rest is black."""
    count, height, width, *channels = images.shape
    columns = max(1, math.ceil(math.sqrt(count)))
    rows = max(1, math.ceil(count / columns))
    canvas = images.__class__((rows * height, columns * width, *channels), dtype=images.dtype)
    canvas.fill(0)
    for place, each in enumerate(images):
        top, left = place // columns * height, place % columns * width
        canvas[top : top + height, left : left + width] = each
    return canvas
