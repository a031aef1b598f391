"""Signatures of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 with a shared secret."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from gappt_graphql.scheduling.webhooks import SECRET_PREFIX


def headers(message_id: str, body: bytes, *, secrets: Sequence[str], at: datetime) -> Mapping[str, str]:
    """Return the headers by which a receiver knows who sent the body and when: a signature for each secret."""
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    signatures = " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signatures}


def _signature(secret: str, signed: bytes) -> str:
    key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    return b64encode(hmac.digest(key, signed, sha256)).decode()
