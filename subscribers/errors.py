"""The base of every error a person can cause. The sentence is the docstring, or what is raised with it."""


class NewsletterError(Exception):
    """Something that a person can put right; `str(error)` is one plain sentence that says what to do."""

    def __str__(self) -> str:
        """The sentence given when raised, or else the first line of the class's own docstring."""
        return super().__str__() or (type(self).__doc__ or "").strip().splitlines()[0]


class NotFound(NewsletterError):
    """There is no such thing. List what there is and try again."""
