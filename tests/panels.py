"""A notebook whose outputs are the panels of jobs, as it is saved after its cells submitted them."""

from __future__ import annotations

from typing import Any

__all__ = ["notebook_of_panels"]

_METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def notebook_of_panels(*jobs: dict[str, Any]) -> dict[str, Any]:
    """Return the content of the notebook, one cell for each job as the server describes it."""
    cells = [
        {
            "cell_type": "code",
            "id": f"panel-{number}",
            "source": f"%%submit --name {job['name']}",
            "metadata": {},
            "execution_count": None,
            "outputs": [{"output_type": "display_data", "metadata": {}, "data": _bundle(job)}],
        }
        for number, job in enumerate(jobs)
    ]
    return {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}


def _bundle(job: dict[str, Any]) -> dict[str, object]:
    names = {key: job[key] for key in ("home_id", "uuid", "run_id", "name")}
    return {"application/vnd.trackside.run+json": {"version": 1, "kind": "job", **names}, "text/plain": job["name"]}
