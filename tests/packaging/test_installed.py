"""The package as people install it: built, put into a new environment, and run from a folder that is not its own."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_SECRET = "k" * 40
_ISSUE = """\
---
month: 2026-12
subject: {en: Five small bridges}
---
:::: section story {#hello}
::: lang en
## Read together

Ten minutes an evening.
:::
::::
"""


@dataclass(frozen=True)
class Installed:
    """A new environment that holds the package, and a folder for an installation's files."""

    environment: Path
    folder: Path

    def run(self, *command: str, cwd: Path | str) -> str:
        """Run a program of the environment, which must succeed; what it printed."""
        done = subprocess.run(
            [str(self.environment / "bin" / command[0]), *command[1:]],
            cwd=cwd,
            env={
                "PATH": os.environ["PATH"],
                "NEWSLETTER_DATABASE_URL": f"sqlite:///{self.folder}/newsletter.db",
                "NEWSLETTER_SECRET_KEY": _SECRET,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("dist")
    _python("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session", params=["wheel", "editable"])
def installed(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The package in an environment of its own; what it depends on is borrowed from this one."""
    environment = tmp_path_factory.mktemp(request.param)
    venv.create(environment)
    libraries = environment / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    (libraries / "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    what = [str(wheel)] if request.param == "wheel" else ["--no-build-isolation", "--editable", str(ROOT)]
    python = str(environment / "bin" / "python")
    _python(
        "-m", "pip", "--quiet", "--python", python, "install", "--no-deps", "--no-index", "--ignore-installed", *what
    )
    return Installed(environment, tmp_path_factory.mktemp("installation"))


def _python(*arguments: str) -> None:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    folders = {name.partition("/")[0] for name in names}
    assert folders == {"cli.py", "newsletter", "subscribers", next(f for f in folders if f.endswith(".dist-info"))}
    for needed in (
        "templates/mail/monthly/html.mjml",
        "templates/web/base.html",
        "examples/2026-12.md",
        "migrations/env.py",
        "rendering/mjml/components.toml",
        "rendering/mjml/html.toml",
        "py.typed",
    ):
        assert f"newsletter/{needed}" in names


def test_an_installed_copy_runs_from_anywhere(installed: Installed) -> None:
    assert installed.run("newsletter", "version", cwd="/").startswith("newsletter 0.")
    place = installed.run("python", "-c", "import newsletter; print(newsletter.__file__)", cwd="/").strip()
    is_checkout = Path(place).is_relative_to(ROOT)
    assert is_checkout == (installed.environment.name.startswith("editable"))


def test_an_installed_copy_finds_its_migrations_and_templates(installed: Installed, tmp_path: Path) -> None:
    issue = tmp_path / "issue.md"
    issue.write_text(_ISSUE, encoding="utf-8")
    installed.run("newsletter", "init", cwd=installed.folder)
    assert "this version's shape" in installed.run("newsletter", "db", "check", cwd="/")
    installed.run("newsletter", "issues", "import", str(issue), cwd="/")
    page = installed.run("newsletter", "issues", "preview", "1", "--language", "en", "--format", "html", cwd="/")
    assert "<h2" in page
    assert "Ten minutes an evening." in page


def test_an_installed_copy_serves_its_pages(installed: Installed) -> None:
    page = "from newsletter.folders import templates_folder as f; print((f() / 'web' / 'style.css').is_file())"
    assert installed.run("python", "-c", page, cwd="/") == "True\n"
