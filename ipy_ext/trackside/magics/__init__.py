"""What a person types in a cell: ``%%submit``, ``%track`` and their like."""

from trackside.magics.extension import load as load_ipython_extension
from trackside.magics.extension import unload as unload_ipython_extension

__all__ = ["load_ipython_extension", "unload_ipython_extension"]
