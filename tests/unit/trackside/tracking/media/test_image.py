import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trackside.errors import NotFound, NotLoggable
from trackside.tracking.media.image import image
from trackside.tracking.media.png import encode, picture_facts


def _pixels(data: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(data)))


def _shot(mode: str = "RGB", ending: str = "PNG", size: tuple[int, int] = (5, 3)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, ending)
    return buffer.getvalue()


class Tensor:
    """A tensor as torch has it, as far as it is looked at."""

    def __init__(self, array: Any) -> None:
        self.array = array
        self.shape = array.shape

    def detach(self) -> "Tensor":
        return self

    def cpu(self) -> "Tensor":
        return self

    def numpy(self) -> Any:
        return self.array


@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
def test_an_array_comes_back_from_its_png_pixel_by_pixel(channels: int | None) -> None:
    shape = (7, 9) if channels is None else (7, 9, channels)
    array = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    made = image("a", array)
    assert (made.format, made.facts) == ("png", {"width": 9, "height": 7})
    assert np.array_equal(_pixels(made.data), array.squeeze())


def test_channels_may_come_first_as_they_do_in_torch() -> None:
    array = np.random.default_rng(1).integers(0, 256, (3, 7, 9), dtype=np.uint8)
    assert np.array_equal(_pixels(image("a", array).data), array.transpose(1, 2, 0))
    small = array[:, :, :4]
    assert image("a", small).facts == {"width": 7, "height": 3}, "numpy: the last ones are the channels"
    assert image("a", Tensor(small)).facts == {"width": 4, "height": 7}, "torch: the first ones are"


def test_floats_go_from_0_to_1_and_nan_is_black() -> None:
    array = np.array([[0.0, 0.5, 1.0, np.nan]], dtype=np.float16)
    assert _pixels(image("a", array).data).tolist() == [[0, 128, 255, 0]]
    assert np.isnan(array[0, 3]), "the user's own array stays as it is"
    assert image("a", array).warning == ""


def test_what_lies_outside_is_cut_off_with_a_word() -> None:
    made = image("samples", np.array([[-1.0, 0.25, 3.0]]))
    assert _pixels(made.data).tolist() == [[0, 64, 255]]
    assert "'samples': values from -1 to 3 were cut to 0 to 1" in made.warning
    assert _pixels(image("a", np.array([[-5, 300, 7]])).data).tolist() == [[0, 255, 7]]


def test_bools_and_wide_numbers_are_shades() -> None:
    assert _pixels(image("a", np.array([[True, False]])).data).tolist() == [[255, 0]]
    assert _pixels(image("a", np.array([[0, 65535]], dtype=np.uint16)).data).tolist() == [[0, 255]]


def test_a_file_its_bytes_and_an_image_of_pil_are_taken(tmp_path: Path) -> None:
    for ending, kind in (("PNG", "png"), ("JPEG", "jpg"), ("GIF", "gif")):
        data = _shot(ending=ending)
        (tmp_path / "shot").write_bytes(data)
        for value in (data, tmp_path / "shot", str(tmp_path / "shot")):
            made = image("a", value)
            assert (made.format, made.data, made.facts) == (kind, data, {"width": 5, "height": 3})
    made = image("a", Image.new("CMYK", (4, 2)))
    assert (made.format, made.facts) == ("png", {"width": 4, "height": 2})


@pytest.mark.parametrize("value", [np.zeros((2, 8, 8, 3)), np.zeros(5), np.zeros((5, 5, 7)), np.zeros((0, 3))])
def test_an_array_that_is_no_image_is_refused_with_its_shape(value: Any) -> None:
    with pytest.raises(NotLoggable, match="'val/samples'"):
        image("val/samples", value)


@pytest.mark.parametrize("value", [3, None, b"no picture", [1, 2], b"\xff\xd8\xff\xe0" + b"\xff" * 20])
def test_what_is_no_image_is_refused_with_its_key(value: Any) -> None:
    with pytest.raises(NotLoggable, match="'samples'"):
        image("samples", value)


def test_a_picture_that_no_panel_would_show_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("trackside.tracking.media.image.LARGEST", 100)
    (tmp_path / "noise.png").write_bytes(_shot(size=(400, 400)))
    for value in (tmp_path / "noise.png", np.random.default_rng(1).integers(0, 256, (50, 50), dtype=np.uint8)):
        with pytest.raises(NotLoggable, match=r"MB are more than the .* save_artifact"):
            image("a", value)


def test_a_path_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nowhere\.png"):
        image("a", tmp_path / "nowhere.png")


def test_a_png_is_written_without_numpy_too() -> None:
    data = encode(bytes(range(12)), 2, 2, 3)
    assert _pixels(data).tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]
    assert picture_facts(data) == ("png", 2, 2)
    assert zlib.crc32(data[-8:-4]) == int.from_bytes(data[-4:], "big")
