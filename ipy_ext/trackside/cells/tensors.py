"""Carries PyTorch tensors: their data out of band like an array's, those on a GPU as copies in memory.

Nothing here imports torch: where it is not loaded there are no tensors.
"""

from __future__ import annotations

import importlib
import pickle
import sys
from collections.abc import Callable
from typing import Any, cast

__all__ = ["Reduced", "reduce_tensor"]

Reduced = tuple[Callable[..., object], tuple[object, ...]]


def reduce_tensor(value: object) -> tuple[Reduced, bool] | None:
    """Return how to rebuild a tensor and whether it comes from a GPU; None for other values and unusual tensors."""
    torch = sys.modules.get("torch")
    kinds = (getattr(torch, "Tensor", None), getattr(getattr(torch, "nn", None), "Parameter", None))
    if torch is None or type(value) not in kinds:
        return None
    tensor = cast("Any", value)
    on_gpu = bool(tensor.is_cuda)
    usual = tensor.layout == torch.strided and not tensor.is_quantized and tensor.device.type in ("cpu", "cuda")
    if not usual or tensor.numel() == 0 or tensor.is_conj() or tensor.is_neg() or vars(tensor):
        return ((as_it_is, (_copy_in_memory(torch, tensor),)), True) if on_gpu else None
    data = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    made = (
        pickle.PickleBuffer(data.numpy()),
        str(tensor.dtype).removeprefix("torch."),
        tuple(tensor.shape),
        bool(tensor.requires_grad),
        type(value) is not kinds[0],
    )
    return (rebuild_tensor, made), on_gpu


def _copy_in_memory(torch: Any, tensor: Any) -> object:
    copy = tensor.detach().cpu()
    if type(tensor) is not torch.Tensor:
        return torch.nn.Parameter(copy, requires_grad=tensor.requires_grad)
    return copy.requires_grad_(tensor.requires_grad)


def as_it_is(value: object) -> object:
    """Return the value; it is named in pickles of tensors that only their copy in memory can write."""
    return value


def rebuild_tensor(data: object, dtype: str, shape: tuple[int, ...], requires_grad: bool, parameter: bool) -> object:
    """Return the tensor over this data; it is named in pickles, so it keeps its place and its arguments."""
    torch: Any = importlib.import_module("torch")
    tensor = torch.frombuffer(data, dtype=torch.uint8).view(getattr(torch, dtype)).reshape(shape)
    return torch.nn.Parameter(tensor, requires_grad) if parameter else tensor.requires_grad_(requires_grad)
