"""Debian's Postfix and OpenDKIM, private to a test: a relay that asks for TLS and a login, verifies, and delivers.

Nothing of the system's own mail is touched: configuration, queue, ports and mailboxes lie in one folder.
"""

import email
import email.policy
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from .certificates import certificate_files
from .waiting import await_truth

HOST = "relay.example"
READERS, SENDER = "families.example", "maple.example"
"""The domains whose mail it delivers: the readers', and the one that refusals come back to."""
GONE, REFUSED, BUSY = f"gone@{READERS}", f"refused@{READERS}", f"busy@{READERS}"
"""Taken, and then sent back; refused at once for good; and for now."""
USER, PASSWORD = "ana", "open sesame"
_PROGRAMS = ("postfix", "opendkim", "saslpasswd2")
_ACCOUNTS = ("postfix", "opendkim", "nobody")
_DAEMONS = Path("/usr/lib/postfix/sbin")
_SECONDS = 20
_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
maillog_file = {folder}/log/postfix
maillog_file_prefixes = {folder}
inet_interfaces = loopback-only
inet_protocols = ipv4
smtpd_peername_lookup = no
myhostname = {host}
mydestination =
local_recipient_maps =
virtual_mailbox_domains = {readers} {sender}
virtual_mailbox_maps = regexp:{folder}/configuration/mailboxes
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
virtual_minimum_uid = 1
default_transport = error:no mail leaves this machine
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_reject_unlisted_recipient = no
smtpd_recipient_restrictions = check_recipient_access regexp:{folder}/configuration/answers
smtpd_sasl_auth_enable = yes
cyrus_sasl_config_path = {folder}/configuration/sasl
smtpd_sasl_local_domain = {host}
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {certificate}
smtpd_milters = inet:127.0.0.1:{milter}
milter_default_action = tempfail
message_size_limit = {largest}
virtual_mailbox_limit = 0
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
_MAILBOXES = f"""\
if !/^{GONE}$/
/./ all/
endif
"""
_ANSWERS = f"""\
/^{REFUSED}$/ 550 5.1.1 There is no such mailbox
/^{BUSY}$/ 450 4.2.1 The mailbox is busy
"""
_SASL = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/configuration/sasl/passwords
mech_list: PLAIN LOGIN
"""
_OPENDKIM = """\
Mode v
Socket inet:{milter}@127.0.0.1
UserID opendkim
InternalHosts 192.0.2.1
AuthservID {host}
AlwaysAddARHeader yes
TestDNSData refile:{folder}/records
"""


def what_is_missing() -> str:
    """Why it cannot run here; empty where it can."""
    absent = [name for name in _PROGRAMS if shutil.which(name) is None]
    if absent or not _DAEMONS.is_dir():
        return f"not installed: {', '.join(absent) or _DAEMONS} (Debian: postfix opendkim sasl2-bin)"
    if os.getuid() != 0:
        return "Postfix's master runs as root only"
    nobody_there = [name for name in _ACCOUNTS if not _has_account(name)]
    return f"no accounts: {', '.join(nobody_there)}" if nobody_there else ""


@dataclass(frozen=True)
class Postfix:
    """A running one."""

    folder: Path
    port: int
    trusted: Path

    def url(self, options: str = "") -> str:
        """The transport setting that reaches it."""
        login = f"{USER}:{PASSWORD}".replace(" ", "%20")
        return f"smtp://{login}@127.0.0.1:{self.port}?ca={self.trusted}{options}"

    def delivered_to(self, address: str) -> tuple[bytes, EmailMessage]:
        """The mail that lies in a mailbox for this address, once one does, taken out; raw, and as Python reads it."""
        found: list[Path] = []

        def is_there() -> bool:
            wanted = f"\nDelivered-To: {address}\n".encode()
            found.extend(file for file in self.folder.glob("mail/all/new/*") if wanted in file.read_bytes())
            return bool(found)

        await_truth(is_there, lambda: f"nothing for {address}\n{self.log()}")
        raw = found[0].read_bytes()
        found[0].unlink()
        return raw, email.message_from_bytes(raw, policy=email.policy.default)

    def log(self) -> str:
        """What Postfix wrote down."""
        return (self.folder / "log/postfix").read_text()


@contextmanager
def a_postfix(records: Mapping[str, str], *, largest: int = 1_000_000) -> Iterator[Postfix]:
    """Run it, with these TXT records in the DNS that it sees."""
    folder = Path(tempfile.mkdtemp(prefix="relay-"))
    folder.chmod(0o755)
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, folder)
        certificate, trusted = certificate_files(folder)
        port, milter = free_port(), free_port()
        facts = {"folder": folder, "port": port, "milter": milter, "largest": largest, "certificate": certificate}
        _write(folder, facts, records)

        def end_master(_: subprocess.Popen[str]) -> None:
            """What `start-fg` started goes on when that is ended; with the master all of it ends."""
            os.kill(int((folder / "queue/pid/master.pid").read_text()), signal.SIGTERM)

        # OpenDKIM keeps nothing, and would take its time to end.
        _start(ending, subprocess.Popen.kill, milter, "opendkim", "-f", "-x", str(folder / "opendkim.conf"))
        _start(ending, end_master, port, "postfix", "-c", str(folder / "configuration"), "start-fg")
        yield Postfix(folder, port, trusted)


def _write(folder: Path, own: Mapping[str, object], records: Mapping[str, str]) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    facts = {**own, "host": HOST, "readers": READERS, "sender": SENDER, "daemons": _DAEMONS, "nobody": nobody}
    for name in ("configuration", "queue", "data", "log", "mail", "configuration/sasl"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", "nobody")
    for name, text in (
        ("configuration/main.cf", _MAIN),
        ("configuration/master.cf", _MASTER),
        ("configuration/sasl/smtpd.conf", _SASL),
        ("opendkim.conf", _OPENDKIM),
    ):
        (folder / name).write_text(text.format(**facts))
    (folder / "configuration/mailboxes").write_text(_MAILBOXES)
    (folder / "configuration/answers").write_text(_ANSWERS)
    (folder / "records").write_text("".join(f"{name} {value}\n" for name, value in records.items()))
    passwords = folder / "configuration/sasl/passwords"
    add = ["saslpasswd2", "-c", "-p", "-u", HOST, "-f", str(passwords), USER]
    subprocess.run(add, input=PASSWORD.encode(), check=True)
    shutil.chown(passwords, group="postfix")


def _start(ending: ExitStack, stop: Callable[[subprocess.Popen[str]], None], port: int, *command: str) -> None:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    ending.callback(process.communicate, timeout=_SECONDS)
    ending.callback(stop, process)
    await_truth(lambda: process.poll() is not None or answers(port), lambda: f"{command} does not answer")
    if process.poll() is not None:
        raise AssertionError(f"{command}: {process.communicate()[1]}")


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _has_account(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
