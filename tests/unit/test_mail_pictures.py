import base64

from newsletter.reports.figures import Seen
from newsletter.reports.links import LinkFigures
from newsletter.reports.mail_pictures import marked

STORED = "https://news.example/media/" + "a" * 64 + ".png"
LINKS = [
    LinkFigures(2, "Here", "https://a.example", Seen(3, 0, 0, 3)),
    LinkFigures(3, "", "https://b.example", Seen(0, 0, 0, 0)),
]


def nothing_stored(_: str) -> None:
    return None


def body_of(html: str, tracked: int = 10) -> str:
    return str(marked(f"<html><body>{html}</body></html>", LINKS, tracked, nothing_stored)[1])


def test_each_counted_link_gets_a_badge_wherever_it_stands() -> None:
    link = "<a href='https://news.example/c/a-1-1.2.abcdefgh'>Here</a>"
    other = "<a href='https://news.example/c/a-1-1.3.abcdefgh'>There</a>"
    _, body, times = marked(f"<body>{link}<p>{other}</p>{link}</body>", LINKS, 10, nothing_stored)
    assert times == {2: 2, 3: 1}
    assert body.count('<span class="clicks-badge heat-5">3 · 30.0 %</span>') == 2
    assert body.count('<span class="clicks-badge heat-0">0 · 0.0 %</span>') == 1


def test_what_is_not_counted_gets_none_and_leads_nowhere() -> None:
    body = body_of(
        "<a href='https://news.example/preferences/x'>Change</a><a href='https://news.example/c/a-1-1.9.abcdefgh'>?</a>"
    )
    assert "badge" not in body
    assert "href" not in body


def test_where_nobody_agreed_a_badge_has_no_share() -> None:
    assert ">3</span>" in body_of("<a href='https://news.example/c/a-1-1.2.abcdefgh'>Here</a>", tracked=0)


def test_stored_pictures_are_put_in_and_others_left_to_their_words() -> None:
    def bytes_of(url: str) -> bytes | None:
        return b"picture" if url == STORED else None

    html = f"<body><img src='{STORED}' alt='ours'><img src='https://elsewhere.example/b.png' alt='theirs'></body>"
    _, body, _ = marked(html, LINKS, 10, bytes_of)
    assert f"data:image/png;base64,{base64.b64encode(b'picture').decode()}" in body
    assert "elsewhere" not in body
    assert 'alt="theirs"' in body


def test_pictures_that_would_make_the_report_too_large_are_left_out() -> None:
    html = f"<body><img src='{STORED}' alt='one'><img src='{STORED}' alt='two'></body>"
    _, body, _ = marked(html, LINKS, 10, lambda _: b"x" * 1_000_000)
    assert body.count("data:image/png") == 1


def test_a_stylesheet_fetches_nothing_ends_where_it_should_and_is_that_of_light() -> None:
    sheet = "@import url(https://e.example/a.css); @media (prefers-color-scheme: dark) { p { background: url(b) } }"
    style, _, _ = marked(f"<head><style>{sheet}</style></head><body></body>", LINKS, 10, nothing_stored)
    assert "url(" not in style
    assert "@import" not in style
    assert "@media not all {" in style


def test_what_looks_like_a_badge_in_a_text_is_none() -> None:
    body = body_of("<p>badge0n2z &lt;span class=clicks-badge&gt;</p>")
    assert "badge0n2z &lt;span" in body


def test_a_mail_of_nothing_is_nothing() -> None:
    assert marked("", LINKS, 10, nothing_stored)[2] == {}
