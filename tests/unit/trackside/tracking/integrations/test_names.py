"""Names of libraries that are not there cost nothing until they are used, and then one sentence."""

import subprocess
import sys

import pytest

import trackside.tracking.integrations as integrations
from trackside.errors import InvalidInput, MissingPackage

LIBRARIES = {
    "HuggingFaceCallback": ["transformers"],
    "KerasCallback": ["keras"],
    "LightGBMCallback": ["lightgbm"],
    "LightningLogger": ["lightning", "pytorch_lightning"],
    "XGBoostCallback": ["xgboost"],
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_that_is_missing_is_one_sentence_with_the_way_to_get_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for library in LIBRARIES[name]:
        monkeypatch.setitem(sys.modules, library, None)  # type: ignore[arg-type]  # so an import of it fails
    with pytest.raises(MissingPackage) as caught:
        getattr(integrations, name)
    library = LIBRARIES[name][0]
    assert str(caught.value) == (
        f"{name} needs {library}, which is not installed here. Install it with `pip install {library}`."
    )
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, InvalidInput)


def test_nothing_of_the_libraries_is_imported_before_a_name_is_used() -> None:
    code = (
        "import sys, trackside.tracking.integrations as found; print(dir(found)); "
        "print([name for name in sys.modules if name.startswith('trackside.tracking.integrations.')])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert set(integrations.__all__) <= set(eval(said[0]))
    assert said[1] == "[]"


def test_a_wrong_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="KerasCallbak"):
        _ = integrations.KerasCallbak
