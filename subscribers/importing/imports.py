"""An import: pages of people, each one transaction, so that any number of lines needs the memory of one page."""

from collections.abc import Callable
from functools import partial
from itertools import islice

from subscribers import lists
from subscribers.addresses import address_hash
from subscribers.db import Database
from subscribers.tables import Organization

from .columns import Columns
from .files import Source, opened
from .lines import Lines
from .options import ImportOptions, origin_of
from .people import PersonReader
from .results import ImportResult
from .runs import Run
from .scopes import Scope

_PAGE = 5_000


def import_file(
    database: Database,
    organization: Organization,
    path: Source,
    options: ImportOptions,
    progress: Callable[[int], object] = lambda lines: lines,
) -> ImportResult:
    """Import the people of a file onto a list; `progress` hears of each page's lines.

    Bad lines are told with their number and cost no other line. Who left the list or is suppressed stays out. A run
    that was cut off goes on after its last page when the same file is imported again, and ends with the same figures.
    A dry run does the same and rolls each page back. Where more would leave by a roster than can be believed, nobody
    does, and the result says why. Raises `ImportFileInvalid`, `ImportRunning` or, for the list, `NotFound`.
    """
    with database.reading() as session:
        list_id = lists.get(session, organization.id, options.list_slug).id
    scope = Scope(
        organization.id,
        list_id,
        options.state,
        options.wording_for(path.name),
        origin_of(path.name),
        options.now,
        keep_networks=options.keep_networks,
    )
    reader = PersonReader(options.school, partial(address_hash, salt=organization.salt), options.now)
    result = ImportResult()
    with opened(path) as records:
        columns = Columns.read(records, options.mapping)
        result.unknown_columns = columns.unknown
        lines = Lines(records, columns, reader, result)
        run = Run(database, scope, options, result)
        run.begin(path)
        people = lines.people(after=run.done)
        while page := list(islice(people, _PAGE)):
            progress(run.write(page))
        run.end(lines, lines.unreadable)
    return result
