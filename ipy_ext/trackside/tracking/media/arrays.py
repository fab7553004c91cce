"""Arrays of numpy, torch, jax and others as numpy has them: the packages that they come from are not imported."""

from __future__ import annotations

from typing import Any

from trackside.errors import NotLoggable
from trackside.tracking.media.content import kind_of

__all__ = ["as_numpy", "is_array", "is_torch"]


def is_array(value: object) -> bool:
    """Whether this has a shape and elements, as arrays and tensors have."""
    return hasattr(value, "shape") and (hasattr(value, "__array__") or hasattr(value, "detach"))


def is_torch(value: object) -> bool:
    """Whether this is a tensor of torch, whose pictures have the channels first."""
    return type(value).__module__.partition(".")[0] == "torch" or hasattr(value, "detach")


def as_numpy(key: str, value: Any) -> Any:
    """Return an array-like value as a numpy array in main memory; of the types that numpy lacks, as float32.

    Raises NotLoggable, naming the key, where that is not possible.
    """
    try:
        if hasattr(value, "detach"):
            value = value.detach()
            if str(getattr(value, "dtype", "")).removeprefix("torch.") in {"bfloat16", "float16", "half"}:
                value = value.float()
            return value.cpu().numpy()
        array = value if hasattr(value, "astype") and hasattr(value, "ctypes") else _numpy(key).asarray(value)
        return array.astype("float32") if array.dtype.kind not in "buif" else array
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        if isinstance(error, NotLoggable):
            raise
        raise NotLoggable(f"{key!r}: a {kind_of(value)} cannot be read as numbers: {error}.") from error


def _numpy(key: str) -> Any:
    try:
        import numpy as np
    except ImportError as error:
        raise NotLoggable(f"{key!r}: this array needs numpy.", hint="pip install numpy") from error
    return np
