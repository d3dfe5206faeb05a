"""Debian's `smtp-sink` takes our mail, pipelined over several connections, and writes down the whole of each."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.rendering.prepared import MessageSettings, prepare
from newsletter.rendering.readers import Postmark
from newsletter.return_paths import ReturnPath
from newsletter.sending.smtp import SmtpTransport
from tests.support.mails import CAMPAIGN, SIGNER, content_of, identity
from tests.support.outgoing import Notes, a_group
from tests.support.postfix import answers, free_port
from tests.support.signatures import KINDS, a_key
from tests.support.waiting import await_truth

pytestmark = pytest.mark.skipif(
    shutil.which("smtp-sink") is None, reason="smtp-sink is not installed (Debian: postfix)"
)


@contextmanager
def a_sink(folder: Path, *options: str) -> Iterator[int]:
    """Run it; each message becomes a file in the folder. Yields its port."""
    port = free_port()
    user = ("-u", "root") if os.getuid() == 0 else ()
    process = subprocess.Popen(["smtp-sink", *user, *options, "-d", "mail.", f"127.0.0.1:{port}", "100"], cwd=folder)
    try:
        await_truth(lambda: answers(port), lambda: "smtp-sink does not answer")
        yield port
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [(), ("-p",), ("-8",)], ids=["pipelining", "one by one", "no 8BITMIME"])
def test_every_message_arrives_whole_signed_and_from_a_return_path_of_its_own(
    tmp_path: Path, kind: str, options: tuple[str, ...]
) -> None:
    key = a_key(kind)
    postmark = Postmark(ReturnPath.parse("bounce@school.example"), key.seal())
    prepared = prepare(content_of(), MessageSettings(identity(), CAMPAIGN, postmark=postmark), SIGNER)
    group = a_group(prepared, *(f"reader{number}@home.example" for number in range(40)))
    with a_sink(tmp_path, *options) as port:
        connections = replace(SmtpTransport.parse(f"smtp://127.0.0.1:{port}"), connections=4).connect()
        connections.send(group, Notes())
        connections.close()
    kept = [file.read_bytes() for file in tmp_path.glob("mail.*")]
    mails = [raw[raw.index(b"DKIM-Signature") :] for raw in kept]
    assert all(key.vouches_for(mail) for mail in mails)
    names = [re.findall(rb"^Message-ID: <(.*)@school.example>", mail, re.MULTILINE) for mail in mails]
    assert sorted(names) == sorted([outgoing.key.encode()] for outgoing in group)
    senders = {match[1] for raw in kept if (match := re.search(rb"^X-Mail-Args: <([^>]*)>", raw, re.MULTILINE))}
    assert senders == {outgoing.return_path.encode() for outgoing in group}
