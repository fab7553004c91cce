"""What jobs cost by the site's own prices, and how many GPU-hours they may take. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from trackside.errors import InvalidInput
from trackside.models import Cost, JobSpec
from trackside_server.domain.gpus import Gpu, fits, matches_type

__all__ = ["CPU", "GPU", "check_cost", "cost_of", "per_hour_of"]

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


def check_cost(spec: JobSpec, gpus: Sequence[Gpu], prices: Mapping[str, float], currency: str) -> None:
    """Raise ``InvalidInput`` for a job that may cost more an hour than it says, with the price that is too high."""
    if spec.max_cost_per_hour is None:
        return
    per_hour = cost_of(spec, gpus, prices, currency).per_hour
    if per_hour is None:
        what = f"for {spec.gpus}" if prices and spec.gpus.count else "at all"
        raise InvalidInput(
            f"max_cost_per_hour cannot be held: this site has no prices {what}.",
            hint="Set c.TracksideApp.prices where the server runs, or leave it out.",
            code="no_price",
        )
    if per_hour > spec.max_cost_per_hour:
        raise InvalidInput(
            f"The job costs {_money(per_hour, currency)} an hour, "
            f"it may cost {_money(spec.max_cost_per_hour, currency)}.",
            hint=_cheaper(spec, gpus, prices) or f"Allow {per_hour:g}, or ask for less.",
            code="too_expensive",
        )


def _cheaper(spec: JobSpec, gpus: Sequence[Gpu], prices: Mapping[str, float]) -> str:
    """Name a type of GPU with which the job costs no more than it may."""
    beside = prices.get(CPU, 0.0) * spec.cpus
    fitting = [gpu for gpu in gpus if spec.gpus.count and fits(gpu, spec.gpus, spec.gpu_memory)]
    priced = [(price, gpu.type) for gpu in fitting if (price := _price(gpu, prices)) is not None]
    allowed = [each for each in priced if beside + each[0] * spec.gpus.count <= (spec.max_cost_per_hour or 0.0)]
    return f"Name a cheaper type: {min(allowed)[1]!r}." if allowed else ""


def _money(amount: float, currency: str) -> str:
    return f"{amount:.2f} {currency}".strip()


def _price(gpu: Gpu, prices: Mapping[str, float]) -> float | None:
    """Return the price of the type that says most of this GPU, else the one for any GPU."""
    fitting = [name for name in prices if name not in (CPU, GPU) and matches_type(name, gpu.type)]
    return prices[max(fitting, key=len)] if fitting else prices.get(GPU)
