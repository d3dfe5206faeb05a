import pytest

from newsletter.folders import templates_folder
from newsletter.web.issue_pages import entry, goal_page, print_page, web_page
from newsletter.web.languages import Languages
from newsletter.web.pages import Pages
from tests.support.archives import LANGUAGES, a_page

PAGES = Pages(templates_folder() / "web", Languages(("en",)), "Five Bridges", "12 Main Street")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_stands_alone_for_a_preview_in_every_language_of_its_issue(language: str) -> None:
    issue = a_page(language)
    for html in (web_page(PAGES, issue), print_page(PAGES, issue), goal_page(PAGES, issue)):
        assert f'<html lang="{language}"' in html
        assert "<style>" in html
        assert 'rel="stylesheet"' not in html
        assert 'rel="canonical"' not in html
        assert "/archive/" not in html


def test_a_web_page_without_others_around_it_offers_no_choice() -> None:
    html = web_page(PAGES, a_page())
    assert 'class="choose"' not in html
    assert 'class="languages"' not in html
    assert html.count("<h1>") == 1


def test_a_feed_carries_sections_without_a_page_around_them() -> None:
    html = entry(PAGES, a_page())
    assert "<html" not in html
    assert "class=" not in html
    assert "<h2>Read aloud</h2>" in html
