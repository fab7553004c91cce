import pytest

from trackside.client.aside import written_aside
from trackside.errors import InvalidInput


def test_the_file_appears_at_the_end_and_not_before(tmp_path):
    target = tmp_path / "model.pt"
    with written_aside(target) as file:
        file.write(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "model.pt"
    target.write_bytes(b"old")
    with pytest.raises(TypeError), written_aside(target) as file:
        file.writelines([b"half", None])
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_it_has_the_mode_of_any_new_file(tmp_path):
    with written_aside(tmp_path / "a") as file:
        file.write(b"")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_full_disk_is_said_in_a_sentence(tmp_path):
    with (
        pytest.raises(InvalidInput, match=r"model.pt cannot be written: No space left"),
        written_aside(tmp_path / "model.pt"),
    ):
        raise OSError(28, "No space left on device")
