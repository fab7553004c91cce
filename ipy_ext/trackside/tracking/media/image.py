"""An image as PNG, JPEG or GIF: from a file, its bytes, a PIL image, or an array of numbers."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from trackside.errors import NotFound, NotLoggable
from trackside.tracking.media.arrays import as_numpy, is_array, is_torch
from trackside.tracking.media.content import Content, kind_of, within
from trackside.tracking.media.png import encode, picture_facts

__all__ = ["LARGEST", "image", "picture"]

LARGEST = 16 << 20
"""Bytes of a file; what panels are ready to show."""
_MOST_PIXELS = 1 << 26
_SMALLER = "Log a smaller one, or keep the file with save_artifact."
_PIL_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})
_CHANNELS = (1, 2, 3, 4)


def image(key: str, value: Any) -> Content:
    """Return an image as it is kept.

    Taken are the path or the bytes of a PNG, JPEG or GIF, a PIL image, and arrays: height × width, height × width ×
    channels or channels × height × width, with 1 to 4 channels (grey, grey and alpha, RGB, RGBA). Whole numbers go
    from 0 to 255 (16-bit ones are scaled), floats from 0 to 1; what lies outside is cut off, with a word.

    Raises NotLoggable for anything else or for what is too large, NotFound for a path that leads nowhere.
    """
    if isinstance(value, (str, os.PathLike)):
        return picture("image", key, _read(key, Path(value)))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return picture("image", key, bytes(value))
    if hasattr(value, "mode") and hasattr(value, "getbbox") and hasattr(value, "save"):
        return picture("image", key, _of_pil(value))
    if is_array(value):
        return _of_array(key, value)
    hint = "Log it with log_figure." if hasattr(value, "savefig") else "Log a path, PNG bytes, a PIL image or an array."
    raise NotLoggable(f"{key!r}: a {kind_of(value)} is not an image.", hint=hint)


def picture(kind: str, key: str, data: bytes) -> Content:
    """Return encoded bytes as they are kept. Raises NotLoggable when they are no picture or too many."""
    facts = picture_facts(data)
    if facts is None:
        raise NotLoggable(f"{key!r}: these bytes are no PNG, JPEG or GIF.", hint="Encode it as one of them.")
    ending, width, height = facts
    return Content(kind, ending, within(key, data, LARGEST, _SMALLER), {"width": width, "height": height})


def _read(key: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return within(key, file.read(LARGEST + 1), LARGEST, _SMALLER)
    except OSError as error:
        raise NotFound(f"{key!r}: {os.fspath(path)!r} cannot be read: {error.strerror}.") from error


def _of_pil(value: Any) -> bytes:
    buffer = io.BytesIO()
    (value if value.mode in _PIL_MODES else value.convert("RGB")).save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def _of_array(key: str, value: Any) -> Content:
    array = _with_channels_last(key, as_numpy(key, value), first=is_torch(value))
    height, width, channels = array.shape
    if not 0 < height * width <= _MOST_PIXELS:
        raise NotLoggable(f"{key!r}: {width} × {height} pixels cannot be shown.", hint=_SMALLER)
    pixels, warning = _as_bytes(key, array)
    data = encode(_filtered(pixels), width, height, channels, filtered=True)
    facts = {"width": width, "height": height}
    return Content("image", "png", within(key, data, LARGEST, _SMALLER), facts, warning)


def _with_channels_last(key: str, array: Any, *, first: bool) -> Any:
    """Return the array as height × width × channels; ``first`` where channels × height × width is the custom."""
    shape = array.shape
    if len(shape) == 2:
        return array[:, :, None]
    if len(shape) == 3:
        leads, ends = shape[0] in _CHANNELS, shape[2] in _CHANNELS
        if leads and (first or not ends):
            return array.transpose(1, 2, 0)
        if ends:
            return array
    hint = "Log one image of the batch: images[0]." if len(shape) == 4 else "Log height × width, with 1 to 4 channels."
    raise NotLoggable(f"{key!r}: an array of shape {tuple(shape)} is not an image.", hint=hint)


def _as_bytes(key: str, array: Any) -> tuple[Any, str]:
    """Return the array as ``uint8``, and a sentence where values had to be cut off."""
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "b":
        return array.astype("uint8") * 255, ""
    if kind == "u" and size == 1:
        return array, ""
    if kind == "u" and size == 2:
        return (array >> 8).astype("uint8"), ""
    array = array.astype("float32") if kind == "f" else array
    if kind == "f":
        array[array != array] = 0  # NaN has no colour
    top = 1 if kind == "f" else 255
    least, most = array.min(), array.max()
    over = least < -0.01 * top or most > 1.01 * top
    warning = f"{key!r}: values from {least:.4g} to {most:.4g} were cut to 0 to {top}; scale them." if over else ""
    array = array.clip(0, top)
    return (array * 255 + 0.5 if kind == "f" else array).astype("uint8"), warning


def _filtered(pixels: Any) -> bytes:
    """Return the rows of a PNG, each as its difference to the one above: photographs become a third smaller."""
    import numpy as np  # it is loaded: the pixels are its own

    flat = pixels.reshape(pixels.shape[0], -1)
    rows = np.empty((flat.shape[0], flat.shape[1] + 1), "uint8")
    rows[:, 0] = 2
    rows[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])
    return rows.tobytes()
