"""Settings, from the environment, `.env`, files named by `NEWSLETTER_..._FILE`, and `newsletter.toml`, in that order.

Every problem is reported at once. Secrets are `SecretStr`: printing or logging the settings shows none.
"""

import os
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from subscribers.addresses import EmailAddress
from subscribers.errors import NewsletterError
from subscribers.grades import Bands, RollOver

from . import mail_places, media_places
from .limits import DomainRates, WarmUp
from .return_paths import ReturnPath
from .setting_types import (
    Colour,
    Languages,
    Logo,
    Networks,
    OneLine,
    SecretKeys,
    TimeZone,
    Transport,
    WebAddress,
    read_by,
)

if TYPE_CHECKING:
    from .dkim import Seal

PREFIX = "NEWSLETTER_"
CONFIG_FILE = "newsletter.toml"
_TEST_PREFIX = "NEWSLETTER_TEST_"
_WHOLE, _NUMBER = "Write a whole number, such as 30.", "Write a number, such as 2.5."
_TEXT = "Write a text in quotation marks."
_SENTENCES = {
    "enum": "Write {expected}.",
    "finite_number": _WHOLE,
    "greater_than": "Write a number above {gt:g}.",
    "greater_than_equal": "Write {ge} or more.",
    "less_than_equal": "Write {le} or less.",
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "Write a smaller number.",
    "int_type": _WHOLE,
    "path_type": _TEXT,
    "string_type": _TEXT,
}
"""What pydantic finds, in our words."""


class SettingsInvalid(NewsletterError):
    """The settings have problems. Correct each one named and start again."""


class Tracking(StrEnum):
    """What is kept of opens and clicks."""

    CONSENT = "consent"
    """Per reader after a yes, else counts only."""
    COUNTS = "counts"
    PERSONAL = "personal"
    OFF = "off"


class Engine(StrEnum):
    """Where work runs."""

    EMBEDDED = "embedded"
    """Threads of one process."""
    PROCRASTINATE = "procrastinate"
    """Any number of workers over one PostgreSQL."""


class Switch(StrEnum):
    """A choice with two answers, as people write it."""

    ON = "on"
    OFF = "off"


def _address_or_nobody(text: str) -> None:
    if text:
        EmailAddress.parse(text)


def _full_name(field: str) -> str:
    return PREFIX + field.rstrip("_").upper()


class Settings(BaseSettings):
    """Every setting of this version. A name is `NEWSLETTER_` and the field in capitals."""

    model_config = SettingsConfigDict(
        alias_generator=_full_name, env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    database_url: Annotated[str, Field(repr=False)] = "sqlite:///var/newsletter.db"
    base_url: WebAddress = "http://127.0.0.1:8000"
    secret_key: SecretKeys
    """One secret, or several separated by blanks: the first signs, all verify."""
    transport: Annotated[Transport, Field(repr=False)] = "file:var/outbox"
    engine: Engine = Engine.EMBEDDED
    sendgrid_api_key: SecretStr = SecretStr("")
    sendgrid_url: WebAddress = "https://api.sendgrid.com"
    sendgrid_webhook_key: OneLine = ""
    dkim_domain: OneLine = ""
    dkim_selector: OneLine = ""
    dkim_key: SecretStr = SecretStr("")
    bounce_address: Annotated[str, read_by(ReturnPath.parse)] = ""
    soft_bounces: Annotated[int, Field(ge=1)] = 3
    soft_bounce_days: Annotated[int, Field(ge=0)] = 14
    feedback: Annotated[str, read_by(mail_places.parse)] = ""
    feedback_password: SecretStr = SecretStr("")
    inbound_key: SecretStr = SecretStr("")
    replies_to: Annotated[str, read_by(_address_or_nobody)] = ""
    organization: OneLine = "Our school community"
    logo: Logo = ""
    colour: Colour = ""
    from_: OneLine = "Newsletter <newsletter@localhost>"
    reply_to: OneLine = ""
    postal_address: OneLine = ""
    tracking: Tracking = Tracking.CONSENT
    school_year_start: Annotated[str, read_by(RollOver.parse)] = "07-01"
    timezone: TimeZone = "UTC"
    languages: Languages = "en es"
    rate: Annotated[float | None, Field(gt=0)] = None
    domain_rates: Annotated[str, read_by(DomainRates.parse)] = ""
    warm_up: Annotated[str, read_by(WarmUp.parse)] = ""
    mails_per_week: Annotated[int, Field(ge=0)] = 0
    connections: Annotated[int, Field(ge=1, le=100)] = 8
    bands: Annotated[str, read_by(Bands.parse)] = "elementary=PK-5 middle=6-8 high=9-12"
    approval: Switch = Switch.OFF
    sign_off: Switch = Switch.OFF
    raw_mjml: Switch = Switch.OFF
    grace_minutes: Annotated[int, Field(ge=0)] = 120
    signup_window_minutes: Annotated[int, Field(ge=1)] = 60
    signups_per_network: Annotated[int, Field(ge=1)] = 20
    signups_per_domain: Annotated[int, Field(ge=1)] = 500
    signups_per_hour: Annotated[int, Field(ge=1)] = 2000
    signup_work: Annotated[int, Field(ge=0, le=1_000_000)] = 50_000
    """How many tries a browser needs at most to solve what a sign-up asks of it; 0: nothing is asked."""
    trusted_proxies: Networks = ""
    machine_networks: OneLine = ""
    """Files that list networks which machines ask from, separated by blanks."""
    hidden_link: Switch = Switch.ON
    keep_events_days: Annotated[int, Field(ge=0)] = 730
    keep_persons_days: Annotated[int, Field(ge=0)] = 365
    keep_pending_days: Annotated[int, Field(ge=0)] = 30
    keep_evidence_days: Annotated[int, Field(ge=0)] = 1095
    keep_calls_days: Annotated[int, Field(ge=0)] = 30
    webhook_networks: Networks = ""
    minimum_group: Annotated[int, Field(ge=1)] = 5
    media: Annotated[str, read_by(media_places.parse)] = "folder:var/media"
    media_key: SecretStr = SecretStr("")
    media_secret: SecretStr = SecretStr("")
    state_folder: Path = Path("var")
    """Where a host keeps its attempt journals and spools; every process of one host must share it."""

    @cached_property
    def seal(self) -> "Seal | None":
        """What signs mail that leaves by SMTP; None where nothing does. Raises `DkimInvalid`."""
        given = (self.dkim_domain, self.dkim_selector, self.dkim_key.get_secret_value())
        if not any(given):
            return None
        from .dkim import Seal  # noqa: PLC0415 - cryptography loads slowly, and most commands do not sign

        return Seal.parse(*given, self.from_)

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        _ = self.seal
        return self

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The secret keys, the signing one first."""
        return tuple(self.secret_key.get_secret_value().replace(",", " ").split())

    @cached_property
    def roll_over(self) -> RollOver:
        """The school year's first day."""
        return RollOver.parse(self.school_year_start)

    @cached_property
    def grade_bands(self) -> Bands:
        """The bands, youngest first."""
        return Bands.parse(self.bands)

    @cached_property
    def language_codes(self) -> tuple[str, ...]:
        """The languages pages are offered in, the organization's own first."""
        return tuple(self.languages.split())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The order of precedence, highest first."""
        del file_secret_settings
        named_files = _NamedFiles(settings_cls)
        return init_settings, env_settings, dotenv_settings, named_files, _ConfigFile(settings_cls)


class _NamedFiles(PydanticBaseSettingsSource):
    """`NEWSLETTER_SECRET_KEY_FILE=/run/secrets/key` reads that file for `NEWSLETTER_SECRET_KEY`."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Read the file named for one field, if there is one."""
        del field
        name = _full_name(field_name)
        path = os.environ.get(name + "_FILE")
        if path is None:
            return None, name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), name, False
        except OSError as error:
            raise SettingsInvalid(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from error

    def __call__(self) -> dict[str, Any]:
        """Read all of them."""
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {name: value for value, name, _ in found if value is not None}


class _ConfigFile(PydanticBaseSettingsSource):
    """`newsletter.toml`: the same names in lower case and without the prefix."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not asked: the file is read whole."""
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        """Read the file whole."""
        return {PREFIX + key.upper(): value for key, value in _read_config().items()}


def load() -> Settings:
    """Read the settings of the working directory. Raises `SettingsInvalid` naming every problem."""
    problems = list(_unknown_names())
    try:
        settings = Settings()  # type: ignore[call-arg]  # pydantic-settings fills it from its sources
    except ValidationError as error:
        problems += [_problem(detail) for detail in error.errors()]
    if problems:
        raise SettingsInvalid("The settings have problems:\n" + "\n".join(f"  {line}" for line in problems))
    return settings


def _unknown_names() -> Iterable[str]:
    known = {_full_name(name) for name in Settings.model_fields}
    known |= {name + "_FILE" for name in known}
    given = {name.upper(): "the environment" for name in os.environ}
    given |= {str(name).upper(): ".env" for name in dotenv_values(".env")}
    given |= {PREFIX + name.upper(): CONFIG_FILE for name in _read_config()}
    for name, place in sorted(given.items()):
        if name.startswith(PREFIX) and not name.startswith(_TEST_PREFIX) and name not in known:
            close = get_close_matches(name, known, 1)
            hint = f"; did you mean {close[0]}?" if close else "; remove it."
            yield f"{name} (in {place}) is not a setting of this version{hint}"


def _read_config() -> dict[str, Any]:
    try:
        return tomllib.loads(Path(CONFIG_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsInvalid(f"{CONFIG_FILE} cannot be read: {error}") from error


def _problem(detail: ErrorDetails) -> str:
    if not detail["loc"]:
        return detail["msg"].removeprefix("Value error, ")
    name = str(detail["loc"][0])
    if detail["type"] == "missing":
        return f"{name} is missing; `newsletter init` writes a {CONFIG_FILE} with one."
    sentence = _SENTENCES.get(detail["type"])
    if sentence is None:
        return f"{name}: {detail['msg'].removeprefix('Value error, ')}"
    return f"{name}: {sentence.format(**detail.get('ctx', {}))}"
