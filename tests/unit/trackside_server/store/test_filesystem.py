"""Which file systems several machines may share."""

import pytest

from trackside_server.store.filesystem import file_system_magic, is_shared, on_shared_file_system


@pytest.mark.parametrize("magic", [0x6969, 0xFF534D42, 0xFE534D42, 0x65735546, 0x0BD00BD0, -0x00ACB2BE])
def test_network_file_systems_are_shared(magic):
    assert is_shared(magic)


@pytest.mark.parametrize("magic", [0xEF53, 0x58465342, 0x9123683E, 0x01021994, 0x794C7630, 0x2FC12FC1])
def test_local_file_systems_are_not(magic):
    """ext4, xfs, btrfs, tmpfs, overlayfs, zfs."""
    assert not is_shared(magic)


def test_proc_is_recognised_by_its_own_number(tmp_path):
    """The number is read from the right place of the system's answer."""
    assert file_system_magic("/proc") == 0x9FA0
    assert not on_shared_file_system("/proc")


def test_a_path_that_is_not_there_has_no_number(tmp_path):
    assert file_system_magic(tmp_path / "gone") is None
    assert not on_shared_file_system(tmp_path / "gone")
