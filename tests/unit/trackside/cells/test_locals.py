"""The variables that a failure leaves, as one would look at them in a debugger."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from trackside.cells import secrecy
from trackside.cells.locals import Locals, frames_of
from trackside.cells.outcome import write_exception
from trackside.cells.results import Results


class Slow:
    def __repr__(self):
        time.sleep(1.2)
        return "slow"


class Broken:
    def __repr__(self):
        raise RuntimeError


def failing(depth, **values):
    here = dict(values)
    if depth:
        failing(depth - 1, **values)
    raise ValueError(here.keys())


def failure(depth=0, **values):
    with pytest.raises(ValueError, match="dict_keys") as caught:
        failing(depth, **values)
    return caught.value


def test_each_frame_has_its_place_and_its_variables_the_innermost_last(tmp_path):
    error = failure(1, a=0.1, broken=Broken(), data=np.zeros((1000, 1000)))
    write_exception(tmp_path, error, "")
    kept = Results(tmp_path).locals()
    assert [frame.function for frame in kept][-2:] == ["failing", "failing"]
    assert [frame.locals["depth"] for frame in kept[-2:]] == ["1", "0"]
    values = kept[-1].locals["values"]
    assert values.startswith("{'a': 0.1, 'broken': <Broken>, 'data': array(")
    assert len(values) <= 200
    assert f"line {kept[-1].line}, in failing\n    depth" in repr(kept)


def test_programs_and_the_kernels_own_names_are_no_variables():
    namespace = {"lr": 0.1, "np": np, "In": [], "_": 3, "_i1": "", "__name__": "__main__"}
    with pytest.raises(ZeroDivisionError) as caught:
        exec(compile("def helper(): ...\nmodel = {'w': [1, 2]}\nlr / 0", "cell", "exec"), namespace)
    frame = frames_of(caught.value)[-1]
    assert frame.locals == {"lr": "0.1", "model": "{'w': [1, 2]}"}


def test_texts_take_two_seconds_at_most_the_nearest_frame_first():
    began = time.monotonic()
    frames = frames_of(failure(6, slow=Slow()))
    assert time.monotonic() - began < 4
    assert "slow" in frames[-1].locals["values"]
    assert frames[1].locals["depth"] == "…"


def test_secrets_are_stars_in_them(monkeypatch):
    monkeypatch.setattr(secrecy, "_mask", secrecy.mask())  # as it was, afterwards
    monkeypatch.setenv("TOKEN", "sesame-12345")
    secrecy.keep_secret(["TOKEN"])
    assert "sesame" not in repr(Locals(frames_of(failure(0, token="sesame-12345"))))


@pytest.mark.parametrize("around", ["{}", "x" * 190 + "{}", "{}" + "x" * 190, "x" * 90 + "{}" + "x" * 90])
@pytest.mark.parametrize("length", [12, 60, 800])
def test_no_half_of_a_secret_is_seen_where_a_text_is_cut(monkeypatch, around, length):
    monkeypatch.setattr(secrecy, "_mask", secrecy.mask())
    monkeypatch.setenv("TOKEN", "ab1-" * (length // 4))
    secrecy.keep_secret(["TOKEN"])
    text = around.format("ab1-" * (length // 4))
    kept = repr(Locals(frames_of(failure(0, a=text, b=SimpleNamespace(key=text), c=[text.encode()]))))
    assert "***" in kept
    assert "ab1" not in kept


class Hanging:
    def __repr__(self):
        time.sleep(60)
        return ""


class Ending:
    def __repr__(self):
        raise SystemExit(3)


class Faceless:
    @property
    def __class__(self):
        raise RuntimeError


def test_whatever_a_value_is_its_failure_is_kept(tmp_path):
    named_as_builtin = type("list", (), {})()
    error = failure(0, big=10**5000, end=Ending(), fake=named_as_builtin)
    write_exception(tmp_path, error, "")
    values = Results(tmp_path).locals()[-1].locals["values"]
    assert values == "<dict>"  # for one of them ends the program
    with pytest.raises(ZeroDivisionError) as caught:
        exec(compile("globals()[1] = faceless = Faceless(); good = 3; 1 / 0", "cell", "exec"), {"Faceless": Faceless})
    assert frames_of(caught.value)[-1].locals["good"] == "3"


def test_a_text_that_never_comes_does_not_keep_the_job():
    began = time.monotonic()
    here = Hanging()
    frames = frames_of(failure(0, hanging=here, other=1))
    assert time.monotonic() - began < 6
    assert frames[-1].locals["depth"] == "0"
    assert frames[-1].locals["values"] == "…"


def test_a_job_that_left_none_says_so(tmp_path):
    assert repr(Results(tmp_path).locals()) == "No frame was kept."
    (tmp_path / "exception.json").write_text('{"type": "E", "frames": [{"file": 1, "colour": 2}]}')
    assert Results(tmp_path).locals() == ()
