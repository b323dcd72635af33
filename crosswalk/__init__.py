"""crosswalk: link job titles and national classifications of occupations to ISCO-08.

The public face is small: ``Autocoder`` and the values it answers with. Names are resolved on first use,
so that ``import crosswalk`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.errors import CrosswalkError
    from crosswalk.model import Coding, Query

__version__ = "0.1.0"
__all__ = ["Autocoder", "Coding", "CrosswalkError", "Query", "__version__"]

_HOMES = {
    "Autocoder": "crosswalk.coding.autocoder",
    "Coding": "crosswalk.model",
    "CrosswalkError": "crosswalk.errors",
    "Query": "crosswalk.model",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'crosswalk' has no attribute {name!r}")
