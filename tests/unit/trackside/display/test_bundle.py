"""What a panel leaves in the notebook file names the run so that a stranger's is never shown."""

import base64
import json
from datetime import UTC, datetime

from trackside.display.bundle import MIME_TYPE, artifacts_bundle, job_bundle, track_bundle
from trackside.models import Job, JobSpec, RunInfo
from trackside.sdk.job import Job as JobHandle

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
FACTS = Job(
    id="job-41", uuid="u-41", home_id="h", run_id="job-41", run_dir="/r", name="baseline", status="running",
    created_at=NOW, started_at=NOW, spec=JobSpec(command="true"),
)  # fmt: skip
RUN = RunInfo(id="job-41", uuid="u-41", home_id="h", name="baseline", status="completed", run_dir="/r")


def test_a_job_is_named_by_home_uuid_and_run():
    bundle = job_bundle(JobHandle(FACTS, None).reference(), FACTS, NOW, carried="carried in: x 8 bytes")
    assert bundle[MIME_TYPE] == {
        "version": 1,
        "kind": "job",
        "home_id": "h",
        "uuid": "u-41",
        "run_id": "job-41",
        "name": "baseline",
    }
    assert bundle["text/plain"].splitlines() == ["baseline · job-41 · running · 00:00", "carried in: x 8 bytes"]
    assert "image/png" not in bundle


def test_a_picture_travels_as_base64():
    bundle = job_bundle({}, FACTS, NOW, picture=b"\x89PNG")
    assert base64.b64decode(bundle["image/png"]) == b"\x89PNG"
    json.dumps(bundle)


def test_curves_say_what_they_show():
    bundle = track_bundle([RUN], "text", None, keys=("loss",), smooth=0.6, last=50)
    assert bundle[MIME_TYPE] == {
        "version": 1,
        "kind": "track",
        "home_id": "h",
        "runs": [{"run_id": "job-41", "uuid": "u-41", "name": "baseline"}],
        "keys": ["loss"],
        "x": "step",
        "smooth": 0.6,
        "log": False,
        "last": 50,
    }
    json.dumps(bundle)


def test_artifacts_say_whose_and_which():
    content = artifacts_bundle(RUN, "text", root="run")[MIME_TYPE]
    assert (content["kind"], content["run_id"], content["root"]) == ("artifacts", "job-41", "run")
