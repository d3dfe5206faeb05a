"""People from files: read a page at a time, checked line by line, written in bulk."""

from .files import ImportFileInvalid, Source, lines_in
from .imports import import_file
from .looks import Found, Look, addresses_in, look_into
from .options import ImportOptions
from .people import School
from .results import ImportResult
from .rosters import RosterRefused
from .runs import ImportRunning

__all__ = [
    "Found",
    "ImportFileInvalid",
    "ImportOptions",
    "ImportResult",
    "ImportRunning",
    "Look",
    "RosterRefused",
    "School",
    "Source",
    "addresses_in",
    "import_file",
    "lines_in",
    "look_into",
]
