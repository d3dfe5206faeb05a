"""Pages made of `templates/web/` and the words of a language."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from newsletter.app import App
from newsletter.folders import templates_folder
from newsletter.rendering.brands import Logo
from newsletter.words import Words

from .colours import in_colour
from .languages import Languages

SIGN_UP = "/subscribe"
ARCHIVE = "/archive"
FEED = "/feed.xml"
STYLE = "/assets/style.css"
ICON = "/assets/icon.svg"
SCRIPT = "/assets/work.js"


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """Where a page stands in another language."""

    code: str
    name: str
    href: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page shows around its content."""

    language: str
    direction: str
    languages: tuple[LanguageLink, ...]
    path: str
    organization: str
    postal_address: str
    style: str
    script: str
    logo: Logo | None
    """In the place of the mark and the organization's name."""
    css: str = ""
    """The stylesheet itself, for a page that stands alone; it then has no link to one."""
    sign_up: str = SIGN_UP
    archive: str = ARCHIVE
    feed: str = FEED
    icon: str = ICON


class Pages:
    """Renders pages; needs no database, so that it can say that the database is away."""

    def __init__(
        self,
        folder: Path,
        languages: Languages,
        organization: str,
        postal_address: str,
        colour: str = "",
        logo: Logo | None = None,
    ) -> None:
        self.languages = languages
        self.organization = organization
        self._postal_address = postal_address
        self._templates = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._css = {sheet.name: in_colour(sheet.read_text(encoding="utf-8"), colour) for sheet in folder.glob("*.css")}
        self._logo = logo
        self._style = _versioned(STYLE, self.css("style.css").encode())
        self._script = _versioned(SCRIPT, (folder / "work.js").read_bytes())

    @property
    def images(self) -> str:
        """The origin that the logo is fetched from; empty where there is none."""
        logo = urlsplit(self._logo.url) if self._logo else None
        return f"{logo.scheme}://{logo.netloc}" if logo else ""

    def words(self, request: Request, reader_language: str = "") -> Words:
        """The words for a request: as its link asks, else the reader's own language, else what the browser accepts."""
        asked = request.query_params.get("lang", "")
        accepted = request.headers.get("accept-language", "")
        return self.languages.words(asked, reader_language, accepted=accepted)

    def frame(self, words: Words, path: str, languages: Sequence[LanguageLink] | None = None, css: str = "") -> Frame:
        """What stands around a page; each language it links to is the same path's, where none are given."""
        own = (LanguageLink(lang.code, lang.name, f"{path}?lang={lang.code}") for lang in self.languages.named)
        return Frame(
            language=words.language,
            direction=words.direction,
            languages=tuple(own if languages is None else languages),
            path=path,
            organization=self.organization,
            postal_address=self._postal_address,
            style=self._style,
            script=self._script,
            css=css,
            logo=self._logo,
        )

    def text(self, frame: Frame, words: Words, name: str, **values: Any) -> str:
        """The HTML of the page `name`."""
        return self._templates.get_template(f"{name}.html").render(page=frame, t=words, **values)

    def css(self, name: str) -> str:
        """A stylesheet's text, in the organization's colour."""
        return self._css[name]

    def render(
        self, request: Request, words: Words, name: str, status: HTTPStatus = HTTPStatus.OK, **values: Any
    ) -> Response:
        """The page `name` as a response."""
        html = self.text(self.frame(words, request.url.path), words, name, **values)
        headers = {"Content-Language": words.language}
        if request.path_params:
            headers["X-Robots-Tag"] = "noindex"  # the page of one reader
        return HTMLResponse(html, status, headers=headers)

    def message(
        self,
        request: Request,
        words: Words,
        key: str,
        status: HTTPStatus = HTTPStatus.OK,
        *,
        next_step: tuple[str, str] | None = None,
        **values: object,
    ) -> Response:
        """A page of one title and one text, the words of `key`, and perhaps (path, label) of the next step."""
        path, label = next_step or ("", "")
        title, text = words(f"{key}_title", **values), words.html(f"{key}_text", **values)
        return self.render(request, words, "message", status, title=title, text=text, next_path=path, next_label=label)


def pages_of(app: App) -> Pages:
    """Pages in the organization's name; a logo that is stored meanwhile shows after the next start."""
    settings = app.settings
    return Pages(
        templates_folder() / "web",
        Languages(settings.language_codes),
        app.organization.name,
        settings.postal_address,
        settings.colour,
        app.logo(),
    )


def _versioned(path: str, content: bytes) -> str:
    """An address that changes with the content."""
    return f"{path}?{blake2b(content, digest_size=6).hexdigest()}"
