"""The command `newsletter`: finds the groups in `newsletter.commands` and loads the one that is called."""

from newsletter.commands.root import run


def main() -> None:
    """Run the command line."""
    run()


if __name__ == "__main__":
    main()
