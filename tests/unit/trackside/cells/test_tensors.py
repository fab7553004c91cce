"""Tensors on a GPU travel as copies in memory. Torch is stood in for by the few calls that are made of it."""

import sys
import types

import numpy as np
import pytest

from trackside.cells.carry import plan_carry
from trackside.cells.inputs import load_carried


class Device:
    def __init__(self, kind):
        self.type = kind


class Tensor:
    """An array that knows where it is; its data can be read in memory only."""

    __slots__ = ("__dict__", "array", "device", "requires_grad")
    layout, is_quantized = "strided", False

    def __init__(self, array, device="cpu", requires_grad=False):
        self.array, self.device, self.requires_grad = array, Device(device), requires_grad

    is_cuda = property(lambda self: self.device.type == "cuda")
    shape = property(lambda self: self.array.shape)
    dtype = property(lambda self: f"torch.{self.array.dtype}")

    def numel(self):
        return self.array.size

    def is_conj(self):
        return False

    is_neg = is_conj

    def detach(self):
        return Tensor(self.array, self.device.type)

    contiguous = detach

    def cpu(self):
        return Tensor(self.array.copy())

    def reshape(self, *shape):
        return Tensor(self.array.reshape(*shape), self.device.type)

    def view(self, dtype):
        return Tensor(self.array.view(dtype), self.device.type)

    def requires_grad_(self, wanted):
        self.requires_grad = wanted
        return self

    def numpy(self):
        assert not self.is_cuda
        return self.array

    def __reduce_ex__(self, protocol):
        raise TypeError("an unusual tensor is torch's own business")


class Parameter(Tensor):
    def __init__(self, data, requires_grad=True):
        super().__init__(data.array, data.device.type, requires_grad)


@pytest.fixture(autouse=True)
def torch(monkeypatch):
    module = types.ModuleType("torch")
    module.Tensor, module.nn = Tensor, types.SimpleNamespace(Parameter=Parameter)
    module.strided, module.uint8, module.float64 = "strided", np.uint8, np.float64
    module.frombuffer = lambda data, dtype: Tensor(np.frombuffer(data, dtype))
    monkeypatch.setitem(sys.modules, "torch", module)


def carried(tmp_path, source, **values):
    plan = plan_carry(source, {"__name__": "__main__", **values})
    plan.write(tmp_path)
    namespace = {}
    load_carried(tmp_path, namespace)
    return plan, namespace


def test_tensors_on_a_gpu_arrive_in_memory_with_a_word(tmp_path):
    weights = Parameter(Tensor(np.ones((100, 100)), "cuda"))
    model = {"weights": weights, "again": weights, "bias": Tensor(np.zeros(3), "cuda", requires_grad=True)}
    plan, job = carried(tmp_path, "model", model=model)
    assert plan.remarks == (
        "'model' holds 2 tensors on a GPU, carried as a copy in memory: use .to('cuda') inside the cell.",
    )
    arrived = job["model"]["weights"]
    assert type(arrived) is Parameter
    assert arrived.device.type == "cpu"
    assert arrived.requires_grad
    assert arrived is job["model"]["again"]
    np.testing.assert_equal(arrived.array, np.ones((100, 100)))
    assert job["model"]["bias"].requires_grad


def test_the_data_of_a_tensor_is_mapped_and_writable(tmp_path):
    plan, job = carried(tmp_path, "x", x=Tensor(np.arange(10_000.0).reshape(100, 100)))
    assert plan.remarks == ()
    assert (tmp_path / "carry.bin").stat().st_size == 80_000
    job["x"].array[0, 0] = 5
    assert job["x"].shape == (100, 100)
    assert not job["x"].requires_grad


def test_an_unusual_tensor_is_left_to_torch(tmp_path):
    unusual = Tensor(np.ones(3))
    unusual.layout_note = "something of the user's"
    with pytest.raises(Exception, match="torch's own business"):
        carried(tmp_path, "x", x=unusual)
