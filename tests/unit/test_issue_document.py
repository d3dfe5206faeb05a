from newsletter.issues.document import Body, Document, Section, SectionKind

SPOKEN = Section(
    SectionKind.STORY,
    "reading",
    bodies=(Body("en", "Read"), Body("es", "Lean"), Body("pt-BR", "Leiam"), Body("ar", "  \n")),
)


def language_of(language: str, *fallbacks: str) -> str | None:
    body = SPOKEN.body(language, fallbacks)
    return body.language if body else None


def test_a_section_speaks_the_readers_language() -> None:
    assert language_of("es", "en") == "es"
    assert language_of("pt-BR", "en") == "pt-BR"


def test_a_section_speaks_the_main_language_where_there_is_no_nearer_one() -> None:
    assert language_of("es-MX", "en") == "es"


def test_a_section_falls_back_in_order_and_past_what_says_nothing() -> None:
    assert language_of("fr", "ar", "es", "en") == "es"
    assert language_of("ar", "en") == "en"
    assert language_of("fr") is None


def test_a_text_is_whole_lines() -> None:
    assert Body("en", "Read").text == "Read\n"
    assert Body("en", "").text == ""
    assert Body("en", "Read\n\n").text == "Read\n\n"


def test_a_digest_follows_the_text_and_nothing_else() -> None:
    assert Body("en", "Read", line=4).digest == Body("es", "Read\n", source="123456").digest
    assert Body("en", "Read").digest != Body("en", "Read!").digest
    assert len(Body("en", "Read").digest) == 6


def test_a_document_without_any_text_has_no_original() -> None:
    assert Document("2026-12", {}, {}, "", (), ()).original == ""
