"""What a panel leaves in the notebook file: what it shows by name, a picture, and text. Pure.

The lab extension renders the first live, from the server; where there is none, the picture or the text is seen.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime

from trackside.display.text import job_card
from trackside.models import FINAL, Job, RunInfo
from trackside.sdk.job import MIME_TYPE

__all__ = ["MIME_TYPE", "Bundle", "artifacts_bundle", "job_bundle", "static_bundle", "track_bundle"]

Bundle = dict[str, object]


def job_bundle(
    reference: dict[str, object],
    job: Job,
    now: datetime,
    *,
    carried: str = "",
    brought: str = "",
    picture: bytes | None = None,
) -> Bundle:
    """Return the bundle of one job."""
    return {
        MIME_TYPE: {**reference, **_ended([job])},
        **static_bundle(job_card(job, now, carried=carried, brought=brought), picture),
    }


def track_bundle(
    runs: Sequence[RunInfo | Job],
    text: str,
    picture: bytes | None,
    *,
    keys: Sequence[str] = (),
    x: str = "step",
    smooth: float = 0.0,
    last: int | None = None,
    varies: Sequence[str] = (),
) -> Bundle:
    """Return the bundle of curves of several runs, or jobs; ``keys`` empty means all metrics.

    ``varies`` are names of settings in which they differ by intent.
    """
    named = [{"run_id": run.id, "uuid": run.uuid, "name": run.name} for run in runs]
    content: dict[str, object] = {"version": 1, "kind": "track", "home_id": runs[0].home_id, "runs": named}
    content |= {
        "keys": list(keys),
        "x": x,
        "smooth": smooth,
        "log": False,
        "last": last,
        **({"varies": list(varies)} if varies else {}),
        **_ended(runs),
    }
    return {MIME_TYPE: content, **static_bundle(text, picture)}


def artifacts_bundle(run: RunInfo, text: str, *, root: str = "artifacts") -> Bundle:
    """Return the bundle of the files of one run."""
    names = {"home_id": run.home_id, "uuid": run.uuid, "run_id": run.id, "name": run.name}
    return {
        MIME_TYPE: {"version": 1, "kind": "artifacts", **names, "root": root, **_ended([run])},
        **static_bundle(text),
    }


def _ended(runs: Sequence[RunInfo | Job]) -> dict[str, str]:
    """Say which end this shows, once all have ended: the lab extension renews what shows an earlier one."""
    ends = [run.finished_at for run in runs if run.status in FINAL and run.finished_at is not None]
    return {"ended": max(ends).isoformat()} if ends and len(ends) == len(runs) else {}


def static_bundle(text: str, picture: bytes | None = None) -> Bundle:
    """Return text and, if there is one, a picture."""
    bundle: Bundle = {"text/plain": text}
    if picture is not None:
        bundle["image/png"] = base64.b64encode(picture).decode("ascii")
    return bundle
