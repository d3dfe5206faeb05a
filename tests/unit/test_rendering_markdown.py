"""Bodies: what of Markdown gets into a mail, and how it reads as a letter."""

import pytest

from newsletter.rendering import markdown, plain
from newsletter.rendering.content import Marks, MergeSlot
from newsletter.rendering.markdown import Dress
from newsletter.rendering.merge import MergeFieldRefused
from newsletter.rendering.pictures import Picture


def dress(**styles: str) -> Dress:
    return Dress(str, Picture, styles)


def html(text: str, **styles: str) -> str:
    marks = Marks([text])
    return markdown.blocks_html(markdown.read(text, marks), dress(**styles)).strip()


def letter(text: str) -> str:
    return plain.blocks_text(markdown.read(text, Marks([text])), lambda href: href)


def test_the_first_heading_is_the_title() -> None:
    body = markdown.read("## Read *together*\n\nText\n\n## More", Marks([]))
    assert markdown.words(body.title) == "Read together"
    assert markdown.inline_html(body.title, dress()) == "Read <em>together</em>"
    assert markdown.blocks_html(body, dress()) == "<p>Text</p>\n<h3>More</h3>\n"


def test_a_body_may_have_no_title() -> None:
    body = markdown.read("Just text", Marks([]))
    assert markdown.words(body.title) == markdown.inline_html(body.title, dress()) == plain.title_links(body, str) == ""


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](javascript:alert(1))",
        "<mj-include path='/etc/passwd' />",
        "[x](vbscript:x)",
        "<javascript:alert(1)>",
    ],
)
def test_a_script_stays_text(text: str) -> None:  # F22 F25
    made = html(text)
    assert "<script" not in made
    assert "<mj-" not in made
    assert "href" not in made
    assert "<img" not in made


def test_elements_are_dressed_where_they_stand() -> None:
    made = html("[a](https://a.example)\n\n| h |\n|:-:|\n| c |", a="color:red", p="margin:0", td="padding:1px")
    assert '<p style="margin:0"><a href="https://a.example" style="color:red">a</a></p>' in made
    assert '<td style="padding:1px;text-align:center">c</td>' in made


def test_an_image_keeps_its_words() -> None:  # M23
    assert html('![A "table"](https://p.example/t.jpg)') == (
        '<p><img src="https://p.example/t.jpg" alt="A &quot;table&quot;"></p>'
    )
    assert letter("![A table](https://p.example/t.jpg)") == "A table"


def test_the_links_of_a_body_are_found_in_order_with_their_words() -> None:
    text = "## A [first](https://1.example)\n\n- [the\n  *second* {{ list.name }}](https://2.example) and <https://3.example>"
    marks = Marks([text])
    found = markdown.links(markdown.read(text, marks), marks)
    assert [(link.href, link.label) for link in found] == [
        ("https://1.example", "first"),
        ("https://2.example", "the second {{ list.name }}"),
        ("https://3.example", "https://3.example"),
    ]


def test_merge_fields_survive_markdown() -> None:
    text = '**{{ reader.first_name | default("a_b_c") }}** `{{ reader.name }}`'
    marks = Marks([text])
    made = markdown.blocks_html(markdown.read(text, marks), dress())
    assert marks.split(made) == (
        "<p><strong>",
        MergeSlot('{{ reader.first_name | default("a_b_c") }}'),
        "</strong> <code>",
        MergeSlot("{{ reader.name }}"),
        "</code></p>\n",
    )


@pytest.mark.parametrize("text", ["[x](https://a.example/?n={{list.name}})", "![x](https://a.example/{{list.name}})"])
def test_a_target_cannot_hold_a_merge_field(text: str) -> None:
    assert markdown.problems(text)[0].text.startswith("A link's target cannot hold a merge field")
    with pytest.raises(MergeFieldRefused):
        markdown.read(text, Marks([text]))


def test_the_problems_of_a_body_are_those_of_its_fields() -> None:
    assert markdown.problems("fine {{ reader.name }} [x](https://a.example)") == []
    assert markdown.problems("\n{{ nope.x }}")[0].line == 2


LETTER = """\
## The title
Before.

### A heading

See [one](https://1.example) and
[two](https://2.example).
New line.\\
Here.

- a
- b [three](https://3.example)
  - c

1. x

   more
2. y

> quoted
>
> twice

| A | B |
|---|---|
| 1 | 2 |

---

```
code  here
```
    more code

Write to [Ms. O](mailto:o@school.example) or <https://4.example>."""


def test_a_body_reads_as_a_letter() -> None:
    assert (
        letter(LETTER)
        == """\
Before.

A heading
---------

See one and two. New line.
Here.
one:
https://1.example
two:
https://2.example

- a
- b three
  https://3.example
  - c

1. x

   more

2. y

> quoted

> twice

A | B
1 | 2

* * *

code  here

more code

Write to Ms. O or https://4.example.
Ms. O:
o@school.example
https://4.example"""
    )


def test_a_heading_without_words_leaves_no_link_behind() -> None:
    body = markdown.read("## [](https://1.example)\n\nText", Marks([]))
    assert plain.title_links(body, lambda href: href) == "https://1.example"
