"""The folder of the demonstration: an installation of its own that hears no environment and no other settings."""

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from newsletter.errors import NewsletterError
from newsletter.settings import CONFIG_FILE, Settings

ORGANIZATION = "Maple School Families"
_MARK = "# Written by `newsletter demo`."
_TIME_ZONE = "America/Chicago"
_FROM = "Maple School Families <newsletter@maple.example>"
_REPLY_TO = "office@maple.example"
_POSTAL_ADDRESS = "Maple School, 120 Main Street, Springfield, IL 62701"
_CONFIG = f"""\
{_MARK} Look around with: newsletter run
secret_key = "{{secret_key}}"
database_url = "sqlite:///newsletter.db"
transport = "file:outbox"
state_folder = "."
organization = "{ORGANIZATION}"
from = "{_FROM}"
reply_to = "{_REPLY_TO}"
postal_address = "{_POSTAL_ADDRESS}"
timezone = "{_TIME_ZONE}"
"""


class FolderInUse(NewsletterError):
    """The folder holds something else. Name an empty one with --folder."""


class _OwnSettings(Settings):
    """Settings that come from this program alone."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the demonstration leaves its files."""

    folder: Path
    secret_key: str

    @property
    def families(self) -> Path:
        """The CSV that is imported."""
        return self.folder / "families.csv"

    @property
    def inbox(self) -> Path:
        """Every mail as it was received."""
        return self.folder / "inbox"

    def settings(self, transport: str) -> Settings:
        """The settings while it runs; `newsletter.toml` has the same but for how mail leaves."""
        return _OwnSettings(
            secret_key=SecretStr(self.secret_key),
            database_url=f"sqlite:///{self.folder.resolve() / 'newsletter.db'}",
            transport=transport,
            state_folder=self.folder,
            organization=ORGANIZATION,
            from_=_FROM,
            reply_to=_REPLY_TO,
            postal_address=_POSTAL_ADDRESS,
            timezone=_TIME_ZONE,
        )


def fresh(folder: Path) -> Place:
    """Make the folder new; an earlier demonstration in it is removed. Raises `FolderInUse`."""
    config = folder / CONFIG_FILE
    if folder.exists():
        is_ours = config.is_file() and config.read_text(encoding="utf-8").startswith(_MARK)
        if not is_ours and (not folder.is_dir() or any(folder.iterdir())):
            raise FolderInUse(f"{folder} holds something else. Name an empty folder with --folder.")
        shutil.rmtree(folder)
    (folder / "inbox").mkdir(parents=True)
    place = Place(folder, secrets.token_urlsafe(32))
    config.write_text(_CONFIG.format(secret_key=place.secret_key), encoding="utf-8")
    return place
