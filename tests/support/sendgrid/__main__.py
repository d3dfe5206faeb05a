"""`python -m tests.support.sendgrid RECORD [--unchecked]`: serve until terminated; print the port."""

import sys
import threading
from pathlib import Path

from .records import Record
from .server import SendGridServer

with SendGridServer(record=Record(Path(sys.argv[1]), is_checking="--unchecked" not in sys.argv)) as server:
    print(server.url.rpartition(":")[2], flush=True)  # noqa: T201 - the parent reads it
    threading.Event().wait()
