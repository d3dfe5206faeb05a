"""People into files that the import reads: page by page, so that a million need the memory of one page."""

from .exports import Exported, count, export
from .forms import COLUMNS, Form
from .people import Chosen

__all__ = ["COLUMNS", "Chosen", "Exported", "Form", "count", "export"]
