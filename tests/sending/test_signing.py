"""Signatures, held against the specification's own example and an implementation written from its text alone."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from gappt_graphql.sending.signing import headers

AT = datetime.fromtimestamp(1614265330, UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'


def signature_of(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The specification: HMAC-SHA256 of id, timestamp and body with dots between, in base64."""
    key = base64.b64decode(secret[len("whsec_") :])
    digest = hmac.new(key, f"{message_id}.{timestamp}.{body.decode()}".encode(), hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def test_the_example_of_the_specification_comes_out() -> None:
    made = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", BODY, secrets=[SECRET], at=AT)

    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_secret_signs() -> None:
    other = "whsec_" + base64.b64encode(b"o" * 32).decode()

    made = headers("msg_1", BODY, secrets=[SECRET, other], at=AT)

    assert made["webhook-signature"].split(" ") == [
        signature_of(secret, "msg_1", "1614265330", BODY) for secret in (SECRET, other)
    ]
