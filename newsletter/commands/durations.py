"""A length of time as an option takes it."""

from datetime import timedelta

import click

from newsletter.campaigns.times import DurationInvalid, parse_duration


class Duration(click.ParamType[timedelta]):
    """`90m`, `4h` or `2d`."""

    name = "duration"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it, or say how it is written."""
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(value)
        except DurationInvalid as error:
            self.fail(str(error), param, ctx)
