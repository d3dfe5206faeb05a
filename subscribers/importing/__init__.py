"""People from files: read a page at a time, checked line by line, written in bulk."""

from .files import ImportFileInvalid, lines_in
from .imports import ImportOptions, ImportResult, import_file
from .people import School

__all__ = ["ImportFileInvalid", "ImportOptions", "ImportResult", "School", "import_file", "lines_in"]
