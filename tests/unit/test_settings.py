import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from newsletter.settings import Settings, SettingsInvalid, Tracking, load
from tests.support.signatures import DOMAIN, SELECTOR, SENDER, a_key

KEY = "k" * 40


@pytest.fixture(autouse=True)
def an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"NEWSLETTER_{name.strip('_').upper()}", raising=False)
    return tmp_path


def test_every_problem_is_reported_at_once_in_plain_words(
    an_empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (an_empty_folder / "newsletter.toml").write_text(
        'bands = "elementary=PK-5 middle=5-8"\nhue = "red"\ncolour = "#F59E0B"\nlogo = "logo.png"\n'
    )
    (an_empty_folder / ".env").write_text("NEWSLETTER_TIMEZONE=Chicago\nOTHER_TOOL=1\n")
    monkeypatch.setenv("NEWSLETTER_RATE", "-1")
    monkeypatch.setenv("NEWSLETTER_BASE_URL", "example.org")
    monkeypatch.setenv("NEWSLETTER_TRANSPORT", "carrier-pigeon:")
    monkeypatch.setenv("NEWSLETTER_SCHOOL_YEAR_START", "02-29")
    monkeypatch.setenv("NEWSLETTER_LANGUAGES", "en klingon")
    monkeypatch.setenv("NEWSLETTER_ORGANIZATION", "a\nb")
    monkeypatch.setenv("NEWSLETTER_TRAKING", "off")
    with pytest.raises(SettingsInvalid) as refusal:
        load()
    said = str(refusal.value)
    for part in (
        "NEWSLETTER_HUE (in newsletter.toml) is not a setting",
        "NEWSLETTER_COLOUR: #F59E0B is too faint beside white: its contrast is 2.1:1, and 4.5:1 is needed.",
        "NEWSLETTER_LOGO: Use an address that begins with https://, or media:",
        "NEWSLETTER_TRAKING (in the environment) is not a setting of this version; did you mean NEWSLETTER_TRACKING?",
        "NEWSLETTER_SECRET_KEY is missing; `newsletter init`",
        "NEWSLETTER_BANDS: Bands look like",
        "'Chicago' is not a time zone",
        "NEWSLETTER_RATE: Write a number above 0.",
        "NEWSLETTER_BASE_URL: It must begin with https://",
        "NEWSLETTER_TRANSPORT: Use file:FOLDER",
        "29 February",
        "'klingon' is not a language",
        "NEWSLETTER_ORGANIZATION: It must be one line",
    ):
        assert part in said
    assert "OTHER_TOOL" not in said


@pytest.mark.parametrize(
    ("name", "written", "sentence"),
    [
        ("SOFT_BOUNCES", "0", "Write 1 or more."),
        ("CONNECTIONS", "101", "Write 100 or less."),
        ("KEEP_EVENTS_DAYS", "1.5", "Write a whole number, such as 30."),
        ("RATE", "fast", "Write a number, such as 2.5."),
        ("APPROVAL", "maybe", "Write 'on' or 'off'."),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_would(
    name: str, written: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", KEY)
    monkeypatch.setenv(f"NEWSLETTER_{name}", written)
    with pytest.raises(SettingsInvalid, match=rf"\n  NEWSLETTER_{name}: {re.escape(sentence)}$"):
        load()


@pytest.mark.parametrize("written", ['"x"', '""', '"-1"', "-1", "1.5", f'"{"9" * 5000}"', "1e400", "[]", "1979-05-27"])
def test_no_setting_is_refused_in_the_words_of_a_library(written: str, an_empty_folder: Path) -> None:
    names = [name.rstrip("_") for name in Settings.model_fields]
    (an_empty_folder / "newsletter.toml").write_text("".join(f"{name} = {written}\n" for name in names))
    with pytest.raises(SettingsInvalid) as refusal:
        load()
    assert "NEWSLETTER_CONNECTIONS: Write " in str(refusal.value)
    assert not re.search(r"Input|valid|greater|parse|[Ii]nstance", str(refusal.value))


def test_the_environment_wins_over_env_file_over_named_file_over_config(
    an_empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (an_empty_folder / "newsletter.toml").write_text(
        f'secret_key = "{KEY}"\norganization = "c"\nreply_to = "c"\ntracking = "off"\nfrom = "A <a@b.example>"\n'
    )
    (an_empty_folder / "reply").write_text("file\n")
    monkeypatch.setenv("NEWSLETTER_REPLY_TO_FILE", str(an_empty_folder / "reply"))
    (an_empty_folder / ".env").write_text("NEWSLETTER_ORGANIZATION=dotenv\n")
    settings = load()
    assert (settings.organization, settings.reply_to, settings.tracking) == ("dotenv", "file", Tracking.OFF)
    assert settings.from_ == "A <a@b.example>"
    monkeypatch.setenv("NEWSLETTER_ORGANIZATION", "environment")
    assert load().organization == "environment"


def test_no_secret_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:  # M54
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", KEY)
    monkeypatch.setenv("NEWSLETTER_SENDGRID_API_KEY", "SG.secret-word")
    monkeypatch.setenv("NEWSLETTER_DATABASE_URL", "postgresql://user:secret-word@host/name")
    monkeypatch.setenv("NEWSLETTER_TRANSPORT", "smtp://user:secret-word@host:587")
    shown = repr(load()) + str(load())
    assert "secret-word" not in shown
    assert KEY not in shown


@pytest.mark.parametrize("key", ["short", f"{KEY} short", ""])
def test_a_weak_secret_is_refused_without_showing_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", key)
    with pytest.raises(SettingsInvalid, match="32 characters") as refusal:
        load()
    assert "short" not in str(refusal.value)


def test_a_list_of_secrets_signs_with_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", f"{KEY}, {'o' * 32}")
    settings = load()
    assert settings.secrets == (KEY, "o" * 32)
    assert settings.language_codes == ("en", "es")
    assert settings.grade_bands.names == ("elementary", "middle", "high")
    assert str(settings.roll_over) == "07-01"


def test_a_named_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY_FILE", "/nowhere/key")
    with pytest.raises(SettingsInvalid, match="NEWSLETTER_SECRET_KEY_FILE names /nowhere/key"):
        load()


def test_a_broken_config_file_is_named(an_empty_folder: Path) -> None:
    (an_empty_folder / "newsletter.toml").write_text("secret_key = ")
    with pytest.raises(SettingsInvalid, match=r"newsletter\.toml cannot be read"):
        load()


def test_an_empty_list_of_languages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", KEY)
    monkeypatch.setenv("NEWSLETTER_LANGUAGES", " ")
    monkeypatch.setenv("NEWSLETTER_BASE_URL", "https://a b")
    with pytest.raises(SettingsInvalid, match="at least one language"):
        load()


@pytest.mark.parametrize("missing", ["DOMAIN", "SELECTOR", "KEY"])
def test_half_of_what_signing_takes_is_refused(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"DOMAIN": DOMAIN, "SELECTOR": SELECTOR, "KEY": a_key("ed25519").pem}
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", KEY)
    for name in given.keys() - {missing}:
        monkeypatch.setenv(f"NEWSLETTER_DKIM_{name}", given[name])
    with pytest.raises(SettingsInvalid, match="Give NEWSLETTER_DKIM_DOMAIN, _SELECTOR and _KEY, or none") as refusal:
        load()
    assert "PRIVATE" not in str(refusal.value)


def test_a_signing_domain_that_is_not_the_senders_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", KEY)
    monkeypatch.setenv("NEWSLETTER_DKIM_DOMAIN", DOMAIN)
    monkeypatch.setenv("NEWSLETTER_DKIM_SELECTOR", SELECTOR)
    monkeypatch.setenv("NEWSLETTER_DKIM_KEY", a_key("ed25519").pem)
    with pytest.raises(SettingsInvalid, match=r"problems:\n  NEWSLETTER_DKIM_DOMAIN: school\.example cannot sign for"):
        load()


def test_the_signing_key_is_read_from_the_file_that_is_named_and_never_shown(
    an_empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # M54
    key = a_key("rsa")
    (an_empty_folder / "dkim.pem").write_text(key.pem)
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", KEY)
    monkeypatch.setenv("NEWSLETTER_FROM", SENDER)
    monkeypatch.setenv("NEWSLETTER_DKIM_DOMAIN", DOMAIN)
    monkeypatch.setenv("NEWSLETTER_DKIM_SELECTOR", SELECTOR)
    monkeypatch.setenv("NEWSLETTER_DKIM_KEY_FILE", "dkim.pem")
    settings = load()
    assert settings.seal is not None
    assert key.vouches_for(settings.seal(b"From: letters@school.example\r\n\r\nHello.\r\n"))
    assert key.pem[40:60] not in repr(settings) + str(settings.dkim_key)


def test_an_address_for_refusals_that_cannot_hold_a_key_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match=r"has 30 characters; with a key there is room for 21"):
        Settings(secret_key=SecretStr(KEY), bounce_address=f"{'b' * 30}@school.example")


@pytest.mark.parametrize("logo", ["", "https://school.example/logo.png", "media:logo.png"])
@pytest.mark.parametrize("colour", ["", "#14532d", "#1B4F86"])
def test_a_logo_and_a_colour_are_kept_as_they_are_written(logo: str, colour: str) -> None:
    settings = Settings(secret_key=SecretStr(KEY), logo=logo, colour=colour)
    assert (settings.logo, settings.colour) == (logo, colour)


@pytest.mark.parametrize(
    "logo", ["http://school.example/logo.png", "media:", "media:a/../b", "javascript:x", "https://"]
)
def test_a_logo_that_no_mail_could_show_is_refused(logo: str) -> None:
    with pytest.raises(ValueError, match=r"https://|host"):
        Settings(secret_key=SecretStr(KEY), logo=logo)


@pytest.mark.parametrize("colour", ["green", "#abc", "#12345g", "14532D"])
def test_a_colour_is_written_in_one_way(colour: str) -> None:
    with pytest.raises(ValueError, match="is not a colour; write it like #1B4F86"):
        Settings(secret_key=SecretStr(KEY), colour=colour)


@pytest.mark.parametrize("colour", ["#F59E0B", "#FFFF00", "#ff69b4", "#FFFFFF"])
def test_the_colour_that_is_named_instead_of_a_faint_one_would_do(colour: str) -> None:
    with pytest.raises(ValueError, match="too faint") as refusal:
        Settings(secret_key=SecretStr(KEY), colour=colour)
    nearest = re.search(r"would do is (#\w{6})", str(refusal.value))
    assert nearest is not None
    assert Settings(secret_key=SecretStr(KEY), colour=nearest[1]).colour == nearest[1]
