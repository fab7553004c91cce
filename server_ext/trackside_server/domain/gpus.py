"""The GPUs that a plan gives out: which of them fit a request, how much of each is left, who outside this home holds one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from trackside.models import GpuRequest

__all__ = ["Gpu", "Machine", "fits", "held_outside", "matches_type"]


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU of the machine, or one MIG instance of it.

    ``foreign`` says who outside this home holds it (empty: nobody) and ``outside`` how much of it they hold;
    ``aside`` goes on from there: since when it idles, what can be done. ``shareable`` are those that only kernels of
    this server's notebooks use. ``fault`` says why one is not handed out at all.
    """

    uuid: str
    type: str
    memory: int
    foreign: str = ""
    outside: float = 1.0
    aside: str = ""
    shareable: bool = False
    fault: str = ""

    @property
    def left(self) -> float:
        """How much of it jobs of this home may hold; who may use one that is ``shareable`` is asked of ``fits``."""
        if self.fault:
            return 0.0
        return 1.0 - self.outside if self.foreign and not self.shareable else 1.0

    @property
    def is_mig(self) -> bool:
        """Whether it is a MIG instance: one job has it alone, and a process can use no second one beside it."""
        return self.uuid.startswith("MIG-")


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to give; GPUs in PCI order, ``memory`` in bytes (0 where it is not counted).

    ``cores`` are the numbers of those that a job can be pinned to, None where nothing is known of them.
    """

    cpus: float
    gpus: tuple[Gpu, ...] = ()
    memory: int = 0
    cores: frozenset[int] | None = None

    def in_order(self, uuids: Collection[str]) -> tuple[str, ...]:
        """Return these GPUs in PCI order, as ``CUDA_VISIBLE_DEVICES`` lists them."""
        place = {gpu.uuid: number for number, gpu in enumerate(self.gpus)}
        return tuple(sorted(uuids, key=lambda uuid: place.get(uuid, len(place))))


def fits(gpu: Gpu, asked: GpuRequest, memory: int | None, *, share_gpu: bool = True) -> bool:
    """Whether a GPU is one that a request could use, now or later; of a share, its share of the memory counts.

    Without ``share_gpu`` one that kernels use now does not fit.
    """
    if gpu.is_mig and asked.count != 1:
        return False
    if gpu.shareable and not share_gpu:
        return False
    type_fits = asked.type is None or matches_type(asked.type, gpu.type)
    return type_fits and (memory is None or gpu.memory * min(asked.count, 1.0) >= memory)


@lru_cache(maxsize=1024)
def matches_type(asked: str, name: str) -> bool:
    """Whether a GPU of this product name is of the type asked for (``a100-80gb`` fits ``NVIDIA A100-SXM4-80GB``)."""
    words = name.lower().replace("-", " ").replace("_", " ").split()
    dot = r"\.(?![0-9]+gb)" if "mig" in words else r"\."  # a profile is one word with a dot: 3g.20gb
    parts = [part for part in re.split(rf"[-_ ]|{dot}", asked) if part]
    return all(any(_begins(words[first:], part) for first in range(len(words))) for part in parts)


def _begins(words: Sequence[str], part: str) -> bool:
    """Whether these words begin with a part, written apart or as one; no number is cut: ``a10`` is no ``a100``."""
    text = ""
    for word in words:
        text += word
        if text == part:
            return True
        if text.startswith(part):
            return not (part[-1].isdigit() and text[len(part)].isdigit())
        if not part.startswith(text):
            return False
    return False


def held_outside(gpus: Iterable[Gpu]) -> list[str]:
    """Return who outside this home holds how many of these GPUs, and which are not handed out, a sentence for each."""
    held: dict[tuple[str, str], float] = {}
    faults: dict[str, int] = {}
    for gpu in gpus:
        if gpu.fault:
            faults[gpu.fault] = faults.get(gpu.fault, 0) + 1
        elif gpu.foreign:
            held[gpu.foreign, gpu.aside] = held.get((gpu.foreign, gpu.aside), 0.0) + gpu.outside
    said = [
        f"{who} {'hold' if ' and ' in who else 'holds'} {number:g}{f' {aside}' if aside else ''}"
        for (who, aside), number in held.items()
    ]
    return said + [f"{number} {'is' if number == 1 else 'are'} not handed out: {why}" for why, number in faults.items()]
