"""People from files: read a page at a time, checked line by line, written in bulk."""

from .files import ImportFileInvalid, Source, lines_in
from .imports import ImportOptions, ImportResult, import_file
from .looks import Found, Look, addresses_in, look_into
from .people import School

__all__ = [
    "Found",
    "ImportFileInvalid",
    "ImportOptions",
    "ImportResult",
    "Look",
    "School",
    "Source",
    "addresses_in",
    "import_file",
    "lines_in",
    "look_into",
]
