"""What a spreadsheet is given of a report."""

from newsletter.reports.arms import ArmFigures, TrialFigures, verdict
from newsletter.reports.exports import trial_rows
from newsletter.reports.spreadsheets import cell
from newsletter.reports.uncertainty import difference, share


def test_a_test_of_two_subjects_is_one_figure_a_row_with_lead_winner_and_verdict() -> None:
    a, b = share(4, 40), share(20, 40)
    arms = ArmFigures("a", 50, 40, 4, a), ArmFigures("b", 50, 40, 20, b)
    test = TrialFigures({}, arms, difference(a, b), "b", counts_readers=True)
    rows = {(name, figure): cell(value) for _, name, figure, value in trial_rows(test)}
    assert (rows["a", "clicked"], rows["a", "share"], rows["b", "share"]) == (4, 0.1, 0.5)
    assert rows["b", "share_low"] < rows["b", "share"] < rows["b", "share_high"]
    assert (rows["", "lead"], rows["", "winner"], rows["", "verdict"]) == (0.4, "b", verdict(test))
    assert all(isinstance(value, str | int | float) for value in rows.values())


def test_what_nobody_can_tell_of_a_test_is_an_empty_cell() -> None:
    arms = ArmFigures("a", 50, 0, 4, None), ArmFigures("b", 50, 0, 5, None)
    rows = {
        (name, figure): cell(value) for _, name, figure, value in trial_rows(TrialFigures({}, arms, None, None, False))
    }
    assert (rows["a", "share"], rows["", "lead_low"], rows["", "winner"]) == ("", "", "")


def test_text_is_no_formula_and_a_negative_figure_stays_one() -> None:
    assert [cell(value) for value in ("=1+1", "-1", -1, None, "yes")] == ["'=1+1", "'-1", -1, "", "yes"]
