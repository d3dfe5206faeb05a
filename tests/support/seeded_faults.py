"""The faults, one change each, in the order of the checks."""

from datetime import date

from newsletter.checks import Check
from newsletter.rendering.pictures import Picture
from newsletter.rendering.readers import Brand

from .faulty_issues import ALL, ERROR, HARD, SMALL, UNKNOWN, WARNING, Fault

_ONE_MORE_DIVIDER = "".join(f":::: section divider {{#line-{no}}}\n::::\n" for no in range(60))
_EASY = "We read a book and we like it. " * 30
_QUOTE = {
    "en": "We read on the bus, and now the ride is short.",
    "es": "Leemos en el autobús, y ahora el viaje es corto.",
    "fr": "Nous lisons dans le bus, et le trajet paraît court.",
    "ar": "نقرأ في الحافلة، والآن صارت الطريق قصيرة.",
    "zh": "我们在公交车上看书，现在路程变短了。",
    "vi": "Chúng tôi đọc trên xe buýt, và giờ đường đi thật ngắn.",
}
_MJML = "<mj-text><h2>Our shelf</h2>"
_BOOKS = "[list of books](https://www.example.org/books)"
_PREHEADER = "A reading night on Tuesday, December 8, and one small goal."

HEADS = (
    Fault("a subject on two lines", "en", Check.SUBJECT, ERROR, "subject: {en: Read together this winter}", 'subject: {en: "Read together\\nthis winter"}'),
    Fault("an unknown field", ALL, Check.FIELD, WARNING, "theme: monthly", "theme: monthly\ncolour: red", down=1),
    Fault("a language without subject", ALL, Check.SUBJECT, ERROR, ", es: Leer juntos este invierno", ""),
    Fault("a long subject", "en", Check.SUBJECT, WARNING, "Read together this winter", "Read together " * 5),
    Fault("a wide subject", "zh", Check.SUBJECT, WARNING, "今年冬天一起读书", "今年冬天一起读书" * 4),
    Fault("a shouting subject", "es", Check.SUBJECT, WARNING, "Leer juntos este invierno", "LEER JUNTOS"),
    Fault("two exclamation marks", "fr", Check.SUBJECT, WARNING, "Lire ensemble cet hiver", "Lire ensemble ! Oui !"),
    Fault("a false answer", "en", Check.SUBJECT, ERROR, "Read together this winter", "'RE: Read together'"),
    Fault("a subject of pictures", "vi", Check.SUBJECT, WARNING, "Cùng đọc sách mùa đông này", "📚📚"),
    Fault("no preheader", "en", Check.PREHEADER, WARNING, _PREHEADER, ""),
    Fault("a short preheader", "en", Check.PREHEADER, WARNING, _PREHEADER, "News"),
    Fault("a long preheader", "en", Check.PREHEADER, WARNING, _PREHEADER, "One small goal for us all. " * 6),
    Fault("a preheader that repeats", "en", Check.PREHEADER, WARNING, _PREHEADER, "Read together this winter"),
    Fault("an unknown theme", "en", Check.THEME, ERROR, "theme: monthly", "theme: loud"),
    Fault("too many sections", "en", Check.SECTIONS, ERROR, ":::: section divider", _ONE_MORE_DIVIDER + ":::: section divider", down=110),
    Fault("no postal address", "en", Check.POSTAL_ADDRESS, ERROR, "", "", line=1, sender={"postal_address": ""}),
    Fault("a sender nobody can answer", "en", Check.SENDER, WARNING, "", "", line=1, sender={"from_header": "Us <a@localhost>"}),
    Fault("a sender that is no address", "en", Check.SENDER, ERROR, "", "", line=1, sender={"from_header": "Our school"}),
)  # fmt: skip

SECTIONS = (
    Fault("an unknown attribute", "en", Check.ATTRIBUTE, ERROR, "place=", "plaice="),
    Fault("an unknown band", "en", Check.AIM, ERROR, "bands=elementary", "bands=elementry"),
    Fault("an unknown role", ALL, Check.AIM, ERROR, "roles=educator", "roles=teacher"),
    Fault("a language nobody gets", "es", Check.AIM, ERROR, "roles=educator", "languages=hmn"),
    Fault("an empty text", "es", Check.TEXT, ERROR, _QUOTE["es"], " ", down=-1),
    Fault("no original", ALL, Check.TEXT, ERROR, f"::: lang en\n{_QUOTE['en']}\n:::\n", "", down=-1),
    Fault("a missing translation", ALL, Check.TRANSLATION, WARNING, f"::: lang fr\n{_QUOTE['fr']}\n:::\n", "", down=-7),
    Fault("an old translation", ALL, Check.STALE, WARNING, f"lang fr\n{_QUOTE['fr']}", f"lang fr {{source=00aa00}}\n{_QUOTE['fr']}"),
    Fault("an event without beginning", "en", Check.EVENT, ERROR, ' starts="2026-12-08T18:00"', ""),
    Fault("an event without time zone", "ar", Check.EVENT, ERROR, ' timezone="America/Chicago"', ""),
    Fault("a time zone that is none", "en", Check.EVENT, ERROR, "America/Chicago", "Chicago"),
    Fault("an event that ends too early", "vi", Check.EVENT, ERROR, "2026-12-08T19:30", "2026-12-08T17:30"),
    Fault("an event nowhere", "en", Check.EVENT, WARNING, ' place="Maple School" url="https://www.example.org/reading-night"', ""),
    Fault("a question without answers", "en", Check.QUESTION, ERROR, "- In the morning\n- In the evening", "Tell us.", down=-2),
    Fault("one answer more", ALL, Check.QUESTION, ERROR, "- Por la noche", "- Por la noche\n- Nunca", down=-3),
    Fault("a goal until no day", "en", Check.GOAL, ERROR, "until=2026-12-18", "until=soon"),
    Fault("thanks that go nowhere", "zh", Check.THANKS, ERROR, ' to="office@school.example"', ""),
    Fault("thanks to no address", "en", Check.THANKS, ERROR, "office@school.example", "office"),
    Fault("must know without a title", "en", Check.MUST_KNOW, WARNING, "quote {#words", "quote {#words must=know", down=2),
    Fault("a code that is no language", UNKNOWN, Check.LANGUAGE, WARNING, "", "", line=3),
)  # fmt: skip

TEXTS = (
    Fault("a field that there is not", "en", Check.MERGE_FIELD, ERROR, "reader.first_name", "reader.frist_name"),
    Fault("a field in an attribute", "en", Check.MERGE_FIELD, ERROR, "Maple School", "{{ list.name }}"),
    Fault("a field without default", "fr", Check.MERGE_DEFAULT, WARNING, ' | default("chère famille")', ""),
    Fault("a field without default in the subject", "en", Check.MERGE_DEFAULT, WARNING, "Read together this winter", "'Read, {{ reader.name }}'"),
    Fault("HTML as typed", "en", Check.MARKUP, WARNING, "Two lines are enough.", "Two <b>lines</b> are enough."),
    Fault("MJML as typed", "es", Check.MARKUP, ERROR, "Bastan dos líneas.", "Bastan <mj-text> dos líneas."),
    Fault("code without an end", "en", Check.MARKUP, WARNING, "Two lines are enough.", "Two lines.\n\n```\nEnough.", down=2),
    Fault("a script", "en", Check.TARGET, ERROR, "(https://www.example.org/books)", "(javascript:alert)"),
    Fault("data", "ar", Check.TARGET, ERROR, "(https://www.example.org/books)", "(data:text/html,x)"),
    Fault("a relative link", "zh", Check.TARGET, ERROR, "(https://www.example.org/books)", "(/books)"),
    Fault("a button to nowhere", "en", Check.TARGET, ERROR, ' url="https://www.example.org/sign-up"', ""),
    Fault("a link with a field in it", "en", Check.TARGET, ERROR, "/books)", "/{{ list.name }})"),
    Fault("a link that is not safe", "en", Check.LINK, WARNING, "https://www.example.org/books", "http://www.example.org/books"),
    Fault("a picture in MJML that leads where it is not safe", "en", Check.LINK, WARNING, 'width="200px"', 'width="200px" href="http://www.example.org/shelf"'),
    Fault("a link to this machine", "vi", Check.LINK, ERROR, "https://www.example.org/books", "https://localhost/books"),
    Fault("a link to this network", "en", Check.LINK, ERROR, "https://www.example.org/sign-up", "https://192.168.0.7/sign-up"),
    Fault("here", "en", Check.LINK_WORDS, WARNING, "[list of books]", "[here]"),
    Fault("aquí", "es", Check.LINK_WORDS, WARNING, "[lista de libros]", "[Haga clic aquí]"),
    Fault("ici", "fr", Check.LINK_WORDS, WARNING, "[liste des livres]", "[Cliquez ici]"),
    Fault("هنا", "ar", Check.LINK_WORDS, WARNING, "[قائمة الكتب]", "[اضغط هنا]"),
    Fault("这里", "zh", Check.LINK_WORDS, WARNING, "[书单]", "[点击这里]"),
    Fault("tại đây", "vi", Check.LINK_WORDS, WARNING, "[danh sách sách hay]", "[tại đây]"),
    Fault("a bare address", "en", Check.LINK_WORDS, WARNING, _BOOKS, "<https://www.example.org/books>"),
    Fault("a link without words", "en", Check.LINK_WORDS, ERROR, "[list of books]", "[]"),
    Fault("two places of one name", "en", Check.LINK_WORDS, WARNING, "Two lines", "[List of books](https://www.example.org/other) and two lines"),
    Fault("a level left out", "en", Check.HEADING, WARNING, "Two lines are enough.", "#### More\n\nTwo lines are enough."),
    Fault("two titles alike", "en", Check.HEADING, WARNING, "## For teachers", "## Our library"),
    Fault("a level left out in MJML", "en", Check.HEADING, WARNING, "<h2>Our shelf</h2>", "<h4>Our shelf</h4>"),
    *(Fault(f"hard to read in {language}", language, Check.READING, WARNING, _QUOTE[language], hard) for language, hard in HARD.items()),
    Fault("a long section", "en", Check.LENGTH, WARNING, _QUOTE["en"], _EASY),
)  # fmt: skip

PICTURES = (
    Fault("a link to what is not stored", "en", Check.PICTURE, ERROR, "Two lines are enough.", "[The form](media:form)"),
    Fault("a file as a picture", "en", Check.PICTURE, ERROR, "Two lines are enough.", "![A form](media:form)", pictures={"media:form": Picture("https://n.example/media/f.pdf", size_bytes=900)}),
    Fault("a logo that is not stored", "en", Check.SENDER, WARNING, "theme: monthly\n", "theme: letter\n", line=1, sender={"brand": Brand(logo="media:gone")}),
    Fault("a picture in MJML without alt", "fr", Check.ALT, ERROR, ' alt="Une étagère pleine de livres"', ""),
    Fault("a picture without alt", "en", Check.ALT, ERROR, "Two lines", "![](https://www.example.org/a.png) Two lines"),
    Fault("a file's name for alt", "en", Check.ALT, WARNING, "Two girls read on a bench under a tree.", "IMG_2034.jpg"),
    Fault("photo for alt", "es", Check.ALT, WARNING, "Dos niñas leen en un banco bajo un árbol.", "Foto"),
    Fault("صورة for alt", "ar", Check.ALT, WARNING, "فتاتان تقرآن على مقعد تحت شجرة.", "صورة"),
    Fault("图片 for alt", "zh", Check.ALT, WARNING, "两个女孩在树下的长椅上看书。", "图片"),
    Fault("hình ảnh for alt", "vi", Check.ALT, WARNING, "Hai bé gái đọc sách trên ghế dưới gốc cây.", "Hình ảnh"),
    Fault("an image without picture", "en", Check.PICTURE, ERROR, ' src="https://www.example.org/corner.jpg"', ""),
    Fault("a picture nobody stored", "en", Check.PICTURE, ERROR, '"https://www.example.org/corner.jpg"', "media:corner"),
    Fault("a heavy picture", "en", Check.PICTURE, WARNING, '"https://www.example.org/corner.jpg"', "media:corner", pictures={"media:corner": Picture("https://a.example/c.jpg", 1200, 800, 300_000)}),
    Fault("a picture far too heavy", "es", Check.PICTURE, ERROR, '"https://www.example.org/corner.jpg"', "media:corner", pictures={"media:corner": Picture("https://a.example/c.jpg", 9000, 800, 3_000_000)}),
    Fault("SVG", "en", Check.PICTURE, ERROR, "corner.jpg", "corner.svg"),
    Fault("WebP", "fr", Check.PICTURE, WARNING, "corner.jpg", "corner.webp?w=600"),
    Fault("a picture from a program", "en", Check.PICTURE, ERROR, "https://www.example.org/corner.jpg", "data:image/png;base64,x"),
)  # fmt: skip

DATES = (
    Fault("Monday, December 18", "en", Check.DATE, ERROR, "Friday, December 18", "Monday, December 18"),
    Fault("lunes 18 de diciembre", "es", Check.DATE, ERROR, "viernes 18 de diciembre", "lunes 18 de diciembre"),
    Fault("lundi 18 décembre", "fr", Check.DATE, ERROR, "le vendredi 18 décembre", "le lundi 18 décembre"),
    Fault("الاثنين ١٨ ديسمبر", "ar", Check.DATE, ERROR, "الجمعة ١٨ ديسمبر", "الاثنين ١٨ ديسمبر"),
    Fault("12月18日（星期一）", "zh", Check.DATE, ERROR, "12月18日（星期五）", "12月18日（星期一）"),
    Fault("thứ Hai, ngày 18 tháng 12", "vi", Check.DATE, ERROR, "thứ Sáu, ngày 18 tháng 12", "thứ Hai, ngày 18 tháng 12"),
    Fault("a wrong weekday in the preheader", "en", Check.DATE, ERROR, "on Tuesday, December 8, and", "on Sunday, December 8, and"),
    Fault("a day that is none", "es", Check.DATE, ERROR, "antes del 4 de diciembre", "antes del 31 de noviembre"),
    Fault("an event on another day", "en", Check.DATE, WARNING, "Come on Tuesday, December 8,", "Come on Wednesday, December 9,", down=-2),
    Fault("an event at another time", "fr", Check.DATE, WARNING, "de 18 h 00 à 19 h 30", "de 16 h 00 à 17 h 30", down=-2),
    Fault("a day before the month", "en", Check.PAST, WARNING, "by December 4", "by November 4"),
    Fault("a day that is over", "ar", Check.PAST, WARNING, "اكتبوا إلينا قبل ٤ ديسمبر", "اكتبوا إلينا قبل ٤ ديسمبر", day=date(2026, 12, 5)),
    Fault("a goal that is over", "en", Check.PAST, WARNING, "until=2026-12-18", "until=2026-12-01", day=date(2026, 12, 2)),
    Fault("a month that is over", "zh", Check.PAST, WARNING, "month: 2026-12", "month: 2026-12", day=date(2027, 1, 2)),
    Fault("12/18", "en", Check.DIGITS, WARNING, "on Friday, December 18.", "on 12/18."),
    Fault("18/12", "es", Check.DIGITS, WARNING, "el viernes 18 de diciembre", "el 18/12"),
)  # fmt: skip

DRIFTS = (
    Fault("another date in Spanish", ALL, Check.DRIFT, ERROR, "antes del 4 de diciembre", "antes del 5 de diciembre"),
    Fault("another date in Arabic", ALL, Check.DRIFT, ERROR, "قبل ٤ ديسمبر", "قبل ٣ ديسمبر"),
    Fault("another date in Chinese", ALL, Check.DRIFT, ERROR, "12月4日之前", "12月14日之前"),
    Fault("a date that is missing", ALL, Check.DRIFT, WARNING, " avant le 4 décembre", "", down=-2),
    Fault("another weekday", ALL, Check.DRIFT, WARNING, "## Thứ Sáu nghỉ học", "## Thứ Hai nghỉ học"),
    Fault("another time in Chinese", ALL, Check.DRIFT, ERROR, "到7点半来", "到8点半来"),
    Fault("another time in Spanish", ALL, Check.DRIFT, ERROR, "de 6:00 a 7:30 de la tarde", "de 6:00 a 8:30 de la tarde"),
    Fault("another number in Arabic", ALL, Check.DRIFT, WARNING, "١٬٢٠٠", "١٬٣٠٠"),
    Fault("another number in French", ALL, Check.DRIFT, WARNING, "1 200 familles", "1 250 familles"),
    Fault("another link", ALL, Check.DRIFT, WARNING, "[liste des livres](https://www.example.org/books)", "[liste des livres](https://www.example.org/toys)"),
    Fault("another picture", ALL, Check.DRIFT, WARNING, '"https://www.example.org/shelf.png" alt="Un', '"https://www.example.org/other.png" alt="Un'),
    Fault("a field that is missing", ALL, Check.DRIFT, WARNING, 'Hola, {{ reader.first_name | default("familia") }}:', "Hola:", down=-2),
    Fault("a weekday that is missing in the preheader", ALL, Check.DRIFT, WARNING, "12月8日星期二是读书之夜", "12月8日是我们的读书之夜"),
    Fault("a number in one subject", ALL, Check.DRIFT, WARNING, "Leer juntos este invierno", "Leer 15 minutos juntos"),
)  # fmt: skip

MJML = (
    Fault("a tag that MJML has not", "en", Check.MJML, ERROR, "<mj-image src", "<mj-imge src"),
    Fault("an attribute that MJML has not", "en", Check.MJML, ERROR, _MJML, '<mj-text colour="red"><h2>Our shelf</h2>'),
    Fault("a colour that is none", "en", Check.MJML, ERROR, _MJML, '<mj-text color="#12345"><h2>Our shelf</h2>'),
    Fault("a width without unit", "en", Check.MJML, ERROR, 'width="200px"', 'width="wide"'),
    Fault("a column in a column", "en", Check.MJML, ERROR, "<mj-column>", "<mj-column><mj-column/>"),
    Fault("a text outside a column", "en", Check.MJML, ERROR, "<mj-section>", "<mj-section><mj-text>Hi</mj-text>"),
    Fault("MJML that is not closed", "en", Check.MJML, ERROR, "</mj-column>", "", down=-4),
    Fault("an include", "en", Check.MJML, ERROR, "<mj-section>", '<mj-include path="/etc/passwd"/>\n<mj-section>'),
    Fault("a link to a script in MJML", "en", Check.MJML, ERROR, "Take one, bring one.", '<a href="javascript:x">Take one</a>'),
    Fault("a script in MJML", "en", Check.MJML, ERROR, "Take one, bring one.", "<script>alert(1)</script>"),
    Fault("a handler in MJML", "en", Check.MJML, ERROR, "<p>Take one", '<p onclick="alert(1)">Take one'),
)  # fmt: skip

LETTERS = (
    Fault("nothing for middle school", SMALL, Check.EMPTY, WARNING, "{#both}", "{#both bands=elementary}", line=1),
    Fault("a line without end", "en", Check.SIZE, ERROR, "Two lines are enough.", "read " * 30_000),
    Fault("a hundred links", "en", Check.SIZE, WARNING, "Two lines are enough.", " ".join(f"[Book {no}](https://www.example.org/{no})." for no in range(101)), down=-2),
    Fault("a letter too large", "en", Check.SIZE, ERROR, "Two lines are enough.", "\n".join(["```", *["<" * 100] * 240, "```"]), line=1),
    Fault("texts too large", "en", Check.SIZE, ERROR, "Two lines are enough.", "We read.\n" * 60_000, line=1),
    Fault("a theme of the list that is gone", "en", Check.LETTER, ERROR, "theme: monthly\n", "", line=1, sender={"theme": "gone"}),
    Fault("a table for the layout", "en", Check.PAGE, WARNING, "Take one, bring one.", "<table><tr><td>Take one</td></tr></table>", line=1),
    Fault("grey on white", "en", Check.CONTRAST, ERROR, _MJML, '<mj-text color="#999999"><h2>Our shelf</h2>'),
    Fault("white behind light words in dark", "en", Check.CONTRAST, ERROR, _MJML, '<mj-text container-background-color="#ffffff"><h2>Our shelf</h2>'),
)  # fmt: skip

FAULTS = (*HEADS, *SECTIONS, *TEXTS, *PICTURES, *DATES, *DRIFTS, *MJML, *LETTERS)
