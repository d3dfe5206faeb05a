"""What an import says beside its figures."""

from newsletter.commands.subscribers_import_output import notes


def test_what_changed_what_went_on_and_what_is_refused_is_said() -> None:
    facts = {"resumed_at": 5_000, "changes": {"name": 1_200, "tags": 3}, "leaving_refused": "Half of them would leave."}
    assert list(notes(facts, is_dry=True)) == [
        "An earlier run was cut off when 5,000 people were done; this one went on from there.",
        "Changed: name of 1,200, tags of 3.",
        "Half of them would leave.",
    ]


def test_where_nothing_of_the_kind_happened_nothing_is_said() -> None:
    assert list(notes({"resumed_at": None, "changes": {}, "read": 3}, is_dry=False)) == []
