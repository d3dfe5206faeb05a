"""Who saves: the person whom `--by` names, or who uses this machine."""

import getpass
from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])
_NOBODY = "command line"


def by_option(command: _Command) -> _Command:
    """Add `--by`, which arrives as `author`."""
    help_ = "Who saves this; the machine's user by default."
    return click.option("--by", "author", default=_user, metavar="NAME", help=help_)(command)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name, as in some containers
        return _NOBODY
