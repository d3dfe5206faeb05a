"""A link that no reader sees, hears or reaches: whoever follows it reads a mail as machines do.

It is a link of the campaign as any other, and leads nowhere but to a page of ours.
"""

TARGET = "hidden:"
"""What a link table keeps for it."""
LABEL = "hidden link"


def is_hidden(target: str) -> bool:
    """Whether a link's target is the hidden one."""
    return target == TARGET
