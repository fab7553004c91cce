"""What one value of a TensorBoard summary is: a number, or media that go to the draft as they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from trackside.errors import NotLoggable
from trackside.tracking.importing.draft import Draft
from trackside.tracking.media.content import Content
from trackside.tracking.media.histogram import histogram
from trackside.tracking.media.image import picture
from trackside.tracking.media.text import text
from trackside.tracking.needed import need

__all__ = ["Values"]

_HPARAMS = "hparams"
_TEXT = "/text_summary"
"""What PyTorch and tensorboardX add to the tag of a text."""
_ENDS = {1: ("completed", None), 2: ("failed", {"code": "exception", "message": "TensorBoard notes a failure."})}
"""How the hyperparameters' session ended, by TensorBoard's number of it."""


class Values:
    """Takes the values of one run that are no plain numbers; ``unknown`` counts those of other plugins."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._plugins: dict[str, str] = {}
        self.unknown: Counter[str] = Counter()

    def take(self, value: Any, event: Any) -> float | None:
        """Return the number that a value is; None for media, which are kept, and for what is counted as unknown."""
        kind = value.WhichOneof("value")
        plugin = value.metadata.plugin_data.plugin_name or self._plugins.get(value.tag, "")
        self._plugins[value.tag] = plugin  # only the first value of a tag names it
        if plugin == _HPARAMS:
            self._hyperparameters(value.metadata.plugin_data.content)
        elif kind == "tensor" and plugin == "scalars":
            return float(_array(value.tensor).reshape(-1)[0])
        elif kind in _OLD:
            self._keep(value.tag, event, _OLD[kind], value)
        elif kind == "tensor" and plugin in _NEW:
            self._keep(value.tag, event, _NEW[plugin], value.tensor)
        elif kind is not None:
            self.unknown[plugin or kind] += 1
        return None

    def _keep(self, tag: str, event: Any, contents: Callable[[str, Any], list[Content]], value: Any) -> None:
        key = tag.removesuffix(_TEXT) or tag
        try:
            for content in contents(key, value):
                self._draft.keep(key, content, event.wall_time, event.step)
        except NotLoggable as error:
            self._draft.leave_out(error)

    def _hyperparameters(self, content: bytes) -> None:
        protos = need(
            "tensorboard.plugins.hparams.plugin_data_pb2", "tensorboard", "Reading TensorBoard's hyperparameters"
        )
        data = protos.HParamsPluginData.FromString(content)
        for name, value in data.session_start_info.hparams.items():
            self._draft.config[name] = getattr(value, value.WhichOneof("kind") or "", None)
        if data.session_start_info.start_time_secs:
            self._draft.started = data.session_start_info.start_time_secs
        if data.WhichOneof("data") == "session_end_info":
            self._draft.status, self._draft.reason = _ENDS.get(data.session_end_info.status, ("completed", None))
            self._draft.finished = data.session_end_info.end_time_secs or None


def _array(tensor: Any) -> Any:
    return need("tensorboard.util.tensor_util", "tensorboard", "Reading TensorBoard's tensors").make_ndarray(tensor)


def _old_image(key: str, value: Any) -> list[Content]:
    return [picture("image", key, value.image.encoded_image_string)]


def _old_histogram(key: str, value: Any) -> list[Content]:
    """The outermost limits of the buckets may be the greatest float: the least and greatest number stand for them."""
    told = value.histo
    limits = [min(max(limit, told.min), told.max) for limit in told.bucket_limit]
    return _histogram(key, [told.min, *limits], list(told.bucket))


def _images(key: str, tensor: Any) -> list[Content]:
    """Width and height as texts, then the pictures."""
    return [picture("image", key, data) for data in tensor.string_val[2:]]


def _histogram_rows(key: str, tensor: Any) -> list[Content]:
    """One row per bucket: left edge, right edge, count."""
    rows = _array(tensor).reshape(-1, 3).tolist()
    return _histogram(key, [rows[0][0], *(row[1] for row in rows)], [row[2] for row in rows]) if rows else []


def _histogram(key: str, edges: list[float], counts: list[float]) -> list[Content]:
    """Leave out buckets of no width, and the empty ones outside, which say nothing; join neighbours while too many."""
    buckets = [(a, b, n) for a, b, n in zip(edges, edges[1:], counts, strict=False) if b > a]
    lost = sum(counts) - sum(n for *_, n in buckets)
    while buckets and not buckets[0][2]:
        buckets.pop(0)
    while buckets and not buckets[-1][2]:
        buckets.pop()
    if not buckets:  # one number, again and again
        return [histogram(key, ([sum(counts)], [edges[0] - 0.5, edges[-1] + 0.5]))] if counts else []
    buckets[0] = (buckets[0][0], buckets[0][1], buckets[0][2] + lost)
    while len(buckets) > 512:
        pairs = [buckets[place : place + 2] for place in range(0, len(buckets), 2)]
        buckets = [(pair[0][0], pair[-1][1], sum(n for *_, n in pair)) for pair in pairs]
    return [histogram(key, ([n for *_, n in buckets], [buckets[0][0], *(b for _, b, _ in buckets)]))]


def _texts(key: str, tensor: Any) -> list[Content]:
    return [text(key, "\n\n".join(data.decode("utf-8", "replace") for data in tensor.string_val))]


def _sound(key: str, data: bytes, kind: str) -> list[Content]:
    ending = "wav" if "wav" in kind or data[:4] == b"RIFF" else "bin"
    return [Content("audio", ending, data)]


def _old_sound(key: str, value: Any) -> list[Content]:
    return _sound(key, value.audio.encoded_audio_string, value.audio.content_type)


def _sounds(key: str, tensor: Any) -> list[Content]:
    """Pairs of a sound and its description."""
    return [content for data in tensor.string_val[::2] for content in _sound(key, data, "")]


Contents = Callable[[str, Any], list[Content]]
_OLD: dict[str, Contents] = {"image": _old_image, "histo": _old_histogram, "audio": _old_sound}
_NEW: dict[str, Contents] = {"images": _images, "text": _texts, "histograms": _histogram_rows, "audio": _sounds}
