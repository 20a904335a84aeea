"""Which deliveries are believed to be Sentry's."""

from __future__ import annotations

import pytest

from dexter.policy.webhook_seal import MAX_AGE_S, MAX_SKEW_S, Verdict, judge, sign

BODY, SECRET, NOW = b'{"action":"created"}', "shh", 1_800_000_000.0


@pytest.mark.parametrize(
    ("body", "signature", "timestamp", "verdict"),
    [
        (BODY, sign(BODY, SECRET), "1800000000", Verdict.GENUINE),
        (BODY, sign(BODY, SECRET).upper(), "1800000000", Verdict.GENUINE),
        (BODY + b" ", sign(BODY, SECRET), "1800000000", Verdict.FORGED),
        (BODY, sign(BODY, "other"), "1800000000", Verdict.FORGED),
        (BODY, "", "1800000000", Verdict.FORGED),
        (BODY, "é" * 64, "1800000000", Verdict.FORGED),
        (BODY, None, "1800000000", Verdict.UNSIGNED),
        (BODY, sign(BODY, SECRET), None, Verdict.UNDATED),
        (BODY, sign(BODY, SECRET), "soon", Verdict.UNDATED),
        (BODY, sign(BODY, SECRET), str(int(NOW - MAX_AGE_S)), Verdict.GENUINE),
        (BODY, sign(BODY, SECRET), str(int(NOW - MAX_AGE_S - 1)), Verdict.EXPIRED),
        (BODY, sign(BODY, SECRET), str(int(NOW + MAX_SKEW_S + 1)), Verdict.EXPIRED),
    ],
)
def test_only_a_signed_and_recent_delivery_is_genuine(
    body: bytes, signature: str | None, timestamp: str | None, verdict: Verdict
) -> None:
    assert judge(body, signature, timestamp, SECRET, NOW) is verdict
