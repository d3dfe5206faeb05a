"""The bodies of a real campaign, judged by SendGrid's own description of Mail Send (OpenAPI)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from newsletter.sending.sendgrid import SendGridTransport
from tests.support import school
from tests.support.school import FAMILIES, a_scheduled_campaign, a_school, add_family
from tests.support.sendgrid.server import KEY, SendGridServer

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "sendgrid" / "tsg_mail_v3.json"
SCHEMA = "#/components/requestBodies/PostMailSend/content/application~1json/schema"

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not here: {CORPUS}")


@pytest.fixture(scope="module")
def judge() -> Callable[[dict[str, Any]], object]:
    components = json.loads(CORPUS.read_text(encoding="utf-8"))["components"]
    schema = components["requestBodies"]["PostMailSend"]["content"]["application/json"]["schema"]
    # It calls the custom_args of a call a string where the reference, and the service, take an object.
    schema["properties"]["custom_args"] = {"type": "object"}
    compiled: Callable[[dict[str, Any]], object] = fastjsonschema.compile({"$ref": SCHEMA, "components": components})
    return compiled


def test_every_body_of_a_campaign_is_valid(
    judge: Callable[[dict[str, Any]], object], sqlite_url: str, tmp_path: Path
) -> None:
    with (
        SendGridServer() as server,
        a_school(sqlite_url, "sendgrid://", tmp_path, sendgrid_api_key=KEY, sendgrid_url=server.url) as app,
    ):
        for n in range(300):
            add_family(app, f"reader{n}@families.example", name=f"José, {n} <b>", language=("en", "es")[n % 2])
        school.send(app, a_scheduled_campaign(app))
    assert len(server.recipients()) == 300 + len(FAMILIES)
    assert server.refused == []
    for body in server.accepted:
        judge(body)


def test_a_rehearsal_is_valid(judge: Callable[[dict[str, Any]], object]) -> None:
    with SendGridServer() as server:
        SendGridTransport(KEY, server.url).connect().rehearse("Maple Families <news@maple.example>")
    (raw,) = server.sandboxed
    judge(json.loads(raw))


@pytest.mark.parametrize(("name", "value"), [("from", {}), ("subject", ""), ("personalizations", [{}])])
def test_the_judge_refuses_what_is_wrong(judge: Callable[[dict[str, Any]], object], name: str, value: object) -> None:
    right = {"personalizations": [{"to": [{"email": "a@x.example"}]}], "from": {"email": "a@x.example"}}
    judge(right)
    with pytest.raises(fastjsonschema.JsonSchemaException):
        judge(right | {name: value})
