"""Debian's Dovecot, private to a test: a real IMAP server with TLS and one mailbox, which is a Maildir in a folder.

Where it is not installed its packages are fetched and unpacked; nothing of the system's own mail is touched.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.debian import PackageMissing, unpacked

from .certificates import certificate_files
from .postfix import answers, free_port
from .waiting import await_truth

USER, PASSWORD = "bounces", "open sésame"
_PACKAGES = ("dovecot-core", "dovecot-imapd")
_NEEDED = "usr/lib/dovecot/imap"
_CONFIGURATION = """\
base_dir = {run}
state_dir = {run}
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_login_user = {nobody}
default_internal_user = {nobody}
default_internal_group = {group}
auth_mechanisms = plain login
disable_plaintext_auth = {only_safe}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
ssl_dh =
mail_location = maildir:{folder}/mail
first_valid_uid = 1
mail_uid = {nobody}
mail_gid = {group}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {safe_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service auth {{
  user = {nobody}
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={nobody} gid={group} home={folder}
}}
"""


def root_of() -> Path:
    """Below which Dovecot's files lie. Raises `PackageMissing`."""
    return Path("/") if Path("/", _NEEDED).exists() else unpacked(*_PACKAGES, holding=_NEEDED)


def _laid_over(root: Path) -> tuple[str, ...]:
    """What runs a program that sees the unpacked files where Debian installs them; nobody else sees them there."""
    if root == Path("/"):
        return ()
    lay = f"mount -t overlay overlay -o lowerdir={root}/usr:/usr /usr"
    return ("unshare", "--mount", "sh", "-c", f'{lay} && exec "$@"', "sh")


def what_is_missing() -> str:
    """Why it cannot run here; empty where it can."""
    if os.getuid() != 0:
        return "Dovecot's master runs as root only"
    try:
        root_of()
    except PackageMissing as missing:
        return str(missing)
    return ""


@dataclass
class Dovecot:
    """A running one, or one that is stopped for a while."""

    folder: Path
    port: int
    safe_port: int
    trusted: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """The folder's address with TLS."""
        return f"imaps://{USER}@127.0.0.1:{self.safe_port}/INBOX?ca={self.trusted}"

    @property
    def new(self) -> Path:
        return self.folder / "mail/new"

    def put(self, name: str, raw: bytes) -> None:
        """Deliver a message."""
        file = self.folder / "mail/tmp" / name
        file.write_bytes(raw)
        shutil.chown(file, "nobody")
        file.rename(self.new / name)

    def flags(self, name: str) -> str:
        """The flags of a message, as the Maildir has them."""
        found = list((self.folder / "mail").glob(f"*/{name}*"))
        assert len(found) == 1, found
        return found[0].name.partition(":2,")[2]

    def start(self) -> None:
        dovecot = ("/usr/sbin/dovecot", "-F", "-c", str(self.folder / "dovecot.conf"))
        self.process = subprocess.Popen([*_laid_over(root_of()), *dovecot], stderr=subprocess.PIPE)
        await_truth(lambda: self._has_ended or answers(self.safe_port), self.log)
        if self._has_ended:
            raise AssertionError(f"{self.log()} {self.process.communicate()[1].decode()}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.communicate(timeout=20)
            self.process = None

    def log(self) -> str:
        said = self.folder / "log"
        return said.read_text() if said.exists() else "Dovecot wrote nothing"

    @property
    def _has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None


@contextmanager
def a_dovecot(*, only_safe: bool = True) -> Iterator[Dovecot]:
    """Run it with an empty mailbox; without `only_safe` it takes passwords over bare connections too."""
    folder = Path(tempfile.mkdtemp(prefix="imap-"))
    folder.chmod(0o755)
    certificate, trusted = certificate_files(folder)
    nobody = pwd.getpwnam("nobody")
    server = Dovecot(folder, free_port(), free_port(), trusted)
    facts = {
        "folder": folder,
        "run": folder / "run",
        "certificate": certificate,
        "port": server.port,
        "safe_port": server.safe_port,
        "nobody": nobody.pw_name,
        "group": "nogroup",
        "only_safe": "yes" if only_safe else "no",
    }
    (folder / "dovecot.conf").write_text(_CONFIGURATION.format(**facts))
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
    for part in ("mail", "mail/new", "mail/cur", "mail/tmp"):
        (folder / part).mkdir()
        shutil.chown(folder / part, "nobody", "nogroup")
    try:
        server.start()
        yield server
    finally:
        server.stop()
        with suppress(OSError):
            shutil.rmtree(folder)
