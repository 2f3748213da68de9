"""The folder is the list: whatever module lies in it is taken, nothing is registered."""

import importlib
import pkgutil
from types import ModuleType


def modules(package: str) -> dict[str, ModuleType]:
    """The modules of `package` by name, in alphabetical order; sub-packages and `_private` ones left out."""
    folder = importlib.import_module(package)
    names = sorted(m.name for m in pkgutil.iter_modules(folder.__path__) if not m.ispkg)
    return {n: importlib.import_module(f"{package}.{n}") for n in names if not n.startswith("_")}
