from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gappt_graphql.scheduling.webhooks import (
    DELAYS,
    Attempt,
    DeliveryState,
    Webhook,
    WebhookDelivery,
    after,
    heads,
    is_stalled,
    payload,
)

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
DELIVERY = WebhookDelivery(
    id=5,
    webhook_id=3,
    number=45,
    kind="UPDATED",
    group_appointment_id=64,
    changed_fields=("starts_at", "duration_in_minutes", "notes"),
    at=NOW,
    due_at=NOW,
    created_at=NOW,
)
FAILURE = Attempt(failure="TIMEOUT")


def webhook(**fields):
    usual = {"id": 3, "url": "https://a.example", "secret": "whsec_a", "position": 0}
    return Webhook(**(usual | {"created_at": NOW, "updated_at": NOW} | fields))


def test_a_webhook_without_filters_wants_everything():
    assert webhook().wants("CREATED")


def test_a_webhook_wants_the_kinds_that_it_names():
    picky = webhook(kinds=("CREATED", "ARCHIVED"))

    assert [picky.wants(kind) for kind in ("CREATED", "UPDATED", "ARCHIVED")] == [True, False, True]


def waiting(number, appointment):
    return replace(DELIVERY, id=number, number=number, group_appointment_id=appointment)


def test_the_first_of_each_appointment_holds_back_the_others():
    lines = [waiting(1, 64), waiting(2, 65), waiting(3, 64), waiting(4, 66)]

    assert [one.number for one in heads(lines)] == [1, 2, 4]


def test_no_further_changes_are_tried_where_twenty_appointments_fail_and_none_succeeds():
    twenty = [waiting(n, n) for n in range(1, 21)]

    assert is_stalled(webhook(failing_since=NOW), twenty)
    assert not is_stalled(webhook(failing_since=NOW), twenty[1:])
    assert not is_stalled(webhook(failing_since=NOW), [waiting(n, 64) for n in range(1, 21)])
    assert not is_stalled(webhook(), twenty)


def test_no_further_changes_are_tried_where_a_thousand_wait():
    assert is_stalled(webhook(), [waiting(n, 64) for n in range(1, 1001)])
    assert not is_stalled(webhook(), [waiting(n, 64) for n in range(1, 1000)])


def test_both_secrets_sign_until_the_former_one_ends():
    rotated = webhook(secret="new", former_secret="old", former_secret_until=NOW + timedelta(hours=1))

    assert rotated.secrets_at(NOW) == ("new", "old")
    assert rotated.secrets_at(NOW + timedelta(hours=1)) == ("new",)
    assert webhook(secret="new").secrets_at(NOW) == ("new",)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_any_answer_of_success_is_a_delivery(status):
    done = after(DELIVERY, Attempt(status), now=NOW, jitter=0.5)

    assert (done.state, done.attempts, done.tried_at, done.due_at) == (DeliveryState.DELIVERED, 1, NOW, None)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 410, 429, 500, 503])
def test_any_other_answer_is_tried_again(status):
    failed = after(DELIVERY, Attempt(status), now=NOW, jitter=0.5)

    assert (failed.state, failed.attempts, failed.status) == (DeliveryState.WAITING, 1, status)
    assert failed.due_at == NOW + timedelta(seconds=5)


def test_attempts_go_on_for_a_day_and_then_the_delivery_is_dead():
    delivery, now, attempts = DELIVERY, NOW, 0
    while delivery.state is DeliveryState.WAITING:
        now, attempts = delivery.due_at, attempts + 1
        delivery = after(delivery, FAILURE, now=now, jitter=0.5)

    assert delivery.state is DeliveryState.DEAD
    assert attempts == delivery.attempts == 11
    assert timedelta(hours=23) < now - NOW < timedelta(hours=25)


def test_the_pause_moves_by_a_fifth_either_way():
    pauses = [after(DELIVERY, FAILURE, now=NOW, jitter=jitter).due_at - NOW for jitter in (0.0, 1.0)]

    assert pauses == [DELAYS[0] * 0.8, DELAYS[0] * 1.2]


def test_a_receiver_may_ask_for_more_time_but_not_for_ever():
    def due(seconds):
        asked = Attempt(503, retry_after=timedelta(seconds=seconds))
        return after(DELIVERY, asked, now=NOW, jitter=0.5).due_at

    assert due(1) == NOW + timedelta(seconds=5)
    assert due(60) == NOW + timedelta(seconds=60)
    assert due(10**8) == NOW + timedelta(hours=6)


def test_what_is_told_is_what_changed_and_not_what_it_changed_to():
    assert payload(DELIVERY) == {
        "id": "msg_3_45_64c05f937e000",
        "type": "group_appointment.changed",
        "timestamp": NOW,
        "data": {
            "number": 45,
            "kind": "UPDATED",
            "groupAppointmentId": "64",
            "changedFields": ["startsAt", "durationInMinutes", "notes"],
        },
    }


def test_a_test_tells_nothing():
    test = WebhookDelivery(id=9, webhook_id=3, number=0, kind="TEST", group_appointment_id=None, at=NOW, created_at=NOW)

    assert payload(test) == {"id": "msg_3_test9_64c05f937e000", "type": "webhook.test", "timestamp": NOW, "data": {}}
