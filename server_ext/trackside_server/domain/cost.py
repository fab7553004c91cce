"""What jobs cost by the site's own prices, and how many GPU-hours they may take. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from trackside.models import Cost, JobSpec
from trackside_server.domain.gpus import Gpu, fits, matches_type

__all__ = ["CPU", "GPU", "cost_of", "per_hour_of"]

CPU = "cpu"
"""The name under which a price is one for a CPU and hour."""
GPU = "gpu"
"""The price of GPUs of which no type has a price of its own."""


def cost_of(spec: JobSpec, gpus: Sequence[Gpu], prices: Mapping[str, float], currency: str) -> Cost:
    """Return what the job costs at most: per hour of the dearest GPUs that it may get, in all by its time limit.

    ``prices`` are those of an hour, by a type of GPU as in a request (``a100``, ``a100-80gb``), ``gpu`` or ``cpu``.
    """
    asked = spec.gpus
    hours = None if spec.time is None else spec.time / 3600
    per_hour = prices.get(CPU, 0.0) * spec.cpus if prices else None
    if asked.count and per_hour is not None:
        known = [_price(gpu, prices) for gpu in gpus if fits(gpu, asked, spec.gpu_memory)]
        dearest = max((price for price in known if price is not None), default=None)
        per_hour = None if dearest is None or None in known else per_hour + dearest * asked.count
    return Cost(
        gpu_hours=asked.count * hours if asked.count and hours is not None else None,
        per_hour=per_hour,
        at_most=per_hour * hours if per_hour is not None and hours is not None else None,
        currency=currency,
    )


def per_hour_of(spec: JobSpec, held: Collection[str], gpus: Sequence[Gpu], prices: Mapping[str, float]) -> float | None:
    """Return what an hour costs on the GPUs with these uuids; None where the site has no price for one of them."""
    if not prices:
        return None
    known = [_price(gpu, prices) for gpu in gpus if gpu.uuid in held]
    if None in known or len(known) < len(held):
        return None
    share = min(spec.gpus.count, 1.0)
    return prices.get(CPU, 0.0) * spec.cpus + share * sum(price for price in known if price is not None)


def _price(gpu: Gpu, prices: Mapping[str, float]) -> float | None:
    """Return the price of the type that says most of this GPU, else the one for any GPU."""
    fitting = [name for name in prices if name not in (CPU, GPU) and matches_type(name, gpu.type)]
    return prices[max(fitting, key=len)] if fitting else prices.get(GPU)
