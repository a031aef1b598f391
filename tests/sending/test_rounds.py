"""Deliveries of webhooks: nothing missed, in order for each appointment, tried again for a day, and within bounds."""

import asyncio
import base64
import hashlib
import hmac
import logging
from datetime import timedelta

import pytest

from a_receiver import OK, a_receiver, answer
from gappt_graphql.practice import webhooks
from gappt_graphql.practice.webhooks import (
    DeleteWebhook,
    ReplayWebhookDeliveries,
    RotateWebhookSecret,
    SendTestWebhook,
    UpdateWebhook,
)
from gappt_graphql.scheduling.receivers import Receivers
from gappt_graphql.scheduling.webhooks import DELAYS, DeliveryState, WebhookState
from gappt_graphql.sending.rounds import Pace
from gappt_graphql.web.metrics import Metrics
from hooked import Clock, caught_up, deliveries_of, delivering, desk, hook, stored, tell, until

NO = answer(500)


@pytest.fixture
def clock(practice):
    return Clock(practice.now)


def signature_of(secret, received):
    """The specification's, from the request as it came."""
    signed = f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}.{received.body.decode()}"
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed.encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


async def test_what_happens_is_told_once_in_its_order_and_signed(practice, clock):
    await tell(practice, 63)  # before anybody asked
    async with a_receiver() as receiver, delivering(practice.store, clock):
        issued = await hook(practice, receiver.url)
        await tell(practice, 64, 65, 64)
        await tell(practice, 64, kind="ARCHIVED")
        await until(lambda: len(receiver.received) == 4)
        await until(lambda: caught_up(practice, issued.webhook_id))

    first = next(one for one in receiver.received if one.appointment == "64")
    assert receiver.numbers(64) == sorted(receiver.numbers(64))
    assert len(set(receiver.numbers())) == 4
    assert first.told["data"]["kind"] == "UPDATED"
    assert set(first.told["data"]) == {"number", "kind", "groupAppointmentId", "changedFields"}
    assert first.headers["webhook-signature"] == signature_of(issued.secret, first)
    assert first.headers["webhook-timestamp"] == str(int(clock.now.timestamp()))
    assert first.headers["webhook-id"] == first.told["id"]
    assert await deliveries_of(practice, issued.webhook_id) == []


async def test_a_real_booking_is_told_without_a_word_about_patients(practice, clock):
    from gappt_graphql.practice import attendance
    from gappt_graphql.practice.attendance import BookAttendees

    group = await practice.group()
    async with a_receiver() as receiver, delivering(practice.store, clock):
        await hook(practice, receiver.url)
        command = BookAttendees(group_appointment_id=group.id, patient_ids=(practice.patients[0].id,))
        await attendance.book(practice.desk, command)
        await until(lambda: receiver.received)

    [told] = receiver.received
    assert told.told["data"]["kind"] == "ATTENDEES_CHANGED"
    assert str(practice.patients[0].id) not in told.body.decode()


async def test_only_what_passes_the_filters_is_told(practice, clock):
    other = practice.practitioner.id + 1
    async with a_receiver() as receiver, delivering(practice.store, clock):
        kinds = await hook(practice, f"{receiver.url}&kinds", kinds=("ARCHIVED",))
        theirs = await hook(practice, f"{receiver.url}&theirs", practitioner_ids=(practice.practitioner.id,))
        await tell(practice, 64)
        await tell(practice, 65, kind="ARCHIVED", practitioner_id=other)
        await tell(practice, 66, practitioner_id=other, former_practitioner_id=practice.practitioner.id)
        for one in (kinds, theirs):
            await until(lambda one=one: caught_up(practice, one.webhook_id))
        await until(lambda: len(receiver.received) == 3)

    assert sorted((one.line.split("&")[1].split()[0], one.appointment) for one in receiver.received) == [
        ("kinds", "65"),
        ("theirs", "64"),
        ("theirs", "66"),
    ]


async def test_a_failing_delivery_holds_back_its_own_appointment_and_no_other(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        receiver.answers = lambda received: NO if received.appointment == "64" else OK
        issued = await hook(practice, receiver.url)
        await tell(practice, 64, 65, 64, 66, 64)
        await until(lambda: caught_up(practice, issued.webhook_id))
        await tell(practice, 64, 65)
        await until(lambda: caught_up(practice, issued.webhook_id))

        assert len(receiver.numbers(64)) == 1
        assert len(receiver.numbers(65)) == 2
        waiting = await deliveries_of(practice, issued.webhook_id)
        assert [(one.group_appointment_id, one.attempts) for one in waiting] == [(64, 1), (64, 0), (64, 0), (64, 0)]
        assert (await stored(practice, issued.webhook_id)).waiting == 4

        receiver.answers = lambda received: OK
        clock.forward(seconds=5)
        await until(lambda: len(receiver.numbers(64)) == 5)

    assert receiver.numbers(64)[1:] == sorted(set(receiver.numbers(64)))


async def test_what_is_delivered_late_is_the_same_message_with_a_signature_of_its_time(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        receiver.answers = lambda received: NO if len(receiver.received) == 1 else OK
        issued = await hook(practice, receiver.url)
        await tell(practice, 64)
        await until(lambda: caught_up(practice, issued.webhook_id))
        clock.forward(seconds=6)
        await until(lambda: len(receiver.received) == 2)
        await until(lambda: delivered(practice, issued))

    first, again = receiver.received
    assert again.headers["webhook-id"] == first.headers["webhook-id"]
    assert again.body == first.body
    assert int(again.headers["webhook-timestamp"]) == int(first.headers["webhook-timestamp"]) + 6
    assert again.headers["webhook-signature"] == signature_of(issued.secret, again)
    [kept] = await deliveries_of(practice, issued.webhook_id)
    assert (kept.state, kept.attempts, kept.status) == (DeliveryState.DELIVERED, 2, 204)
    webhook = await stored(practice, issued.webhook_id)
    assert (webhook.waiting, webhook.due_at, webhook.failing_since) == (0, None, None)
    assert webhook.delivered_at == clock.now


async def delivered(practice, issued):
    return all(one.state is DeliveryState.DELIVERED for one in await deliveries_of(practice, issued.webhook_id))


async def waits_for(practice, issued, attempts):
    return any(one.attempts == attempts for one in await deliveries_of(practice, issued.webhook_id))


async def test_attempts_end_after_a_day_in_a_dead_letter_that_lets_others_pass_and_can_be_replayed(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        receiver.answers = lambda received: NO if received.number == poison else OK
        issued = await hook(practice, receiver.url)
        await tell(practice, 64)
        poison = await last_number(practice)
        await tell(practice, 64)
        for attempt, pause in enumerate((*DELAYS, timedelta()), start=1):
            await until(lambda attempt=attempt: waits_for(practice, issued, attempt))
            clock.now += pause
        await until(lambda: receiver.numbers()[-1] == poison + 1)
        await until(lambda: caught_up(practice, issued.webhook_id))

        dead = [one for one in await deliveries_of(practice, issued.webhook_id) if one.state is DeliveryState.DEAD]
        assert [(one.number, one.attempts, one.status) for one in dead] == [(poison, 11, 500)]

        receiver.answers = lambda received: OK
        queued = await webhooks.replay(desk(practice, clock.now), ReplayWebhookDeliveries(id=issued.webhook_id))
        await until(lambda: receiver.numbers()[-1] == poison)
        await until(lambda: delivered(practice, issued))

    assert queued.delivery_ids == (dead[0].id,)
    assert receiver.numbers() == [poison] * 11 + [poison + 1, poison]


async def test_a_delivery_has_its_day_however_long_ago_the_last_one_failed(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        receiver.answers = lambda received: NO
        issued = await hook(practice, receiver.url)
        await tell(practice, 64)
        for attempt, pause in enumerate((*DELAYS, timedelta(days=4)), start=1):
            await until(lambda attempt=attempt: waits_for(practice, issued, attempt))
            clock.now += pause
        await tell(practice, 65)
        await until(lambda: caught_up(practice, issued.webhook_id))
        receiver.answers = lambda received: OK
        clock.now += DELAYS[0]
        await until(lambda: len(receiver.received) == 13)

    assert receiver.numbers(65) == [receiver.numbers()[-1]] * 2
    assert (await stored(practice, issued.webhook_id)).state is WebhookState.ACTIVE


async def last_number(practice):
    return await practice.store.read(practice.account.id, lambda book: book.last_number())


async def test_a_webhook_that_only_fails_is_disabled_after_three_days_and_goes_on_where_it_stopped(
    practice, clock, caplog
):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        receiver.answers = lambda received: NO
        issued = await hook(practice, receiver.url)
        await tell(practice, 64)
        await until(lambda: caught_up(practice, issued.webhook_id))
        clock.forward(days=3)
        await until(lambda: is_in(practice, issued, WebhookState.DISABLED))
        tried = len(receiver.received)
        await tell(practice, 65)
        clock.forward(days=1)
        await asyncio.sleep(0.1)
        assert len(receiver.received) == tried

        receiver.answers = lambda received: OK
        on = UpdateWebhook(id=issued.webhook_id, state=WebhookState.ACTIVE)
        await webhooks.update(desk(practice, clock.now), on)
        await until(lambda: len(receiver.received) == tried + 2)

    assert sorted(one.appointment for one in receiver.received[tried:]) == ["64", "65"]
    rows = await practice.store.read(practice.account.id, lambda book: book.audit(after=0, limit=100))
    assert [(row.operation, row.after) for row in rows if row.operation == "DisableWebhook"] == [
        ("DisableWebhook", rows[-2].after)
    ]
    assert '"DISABLED"' in rows[-2].after
    assert "webhook disabled" in caplog.text


async def is_in(practice, issued, state):
    return (await stored(practice, issued.webhook_id)).state is state


async def test_a_receiver_that_is_gone_is_told_nothing_more(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        receiver.answers = lambda received: answer(410)
        issued = await hook(practice, receiver.url)
        await tell(practice, 64)
        await until(lambda: is_in(practice, issued, WebhookState.DISABLED))

    assert len(receiver.received) == 1


async def test_what_happens_during_a_pause_is_told_after_it(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        issued = await hook(practice, receiver.url)
        await webhooks.update(desk(practice), UpdateWebhook(id=issued.webhook_id, state=WebhookState.PAUSED))
        await tell(practice, 64, 65)
        await asyncio.sleep(0.1)
        assert receiver.received == []
        await webhooks.update(desk(practice), UpdateWebhook(id=issued.webhook_id, state=WebhookState.ACTIVE))
        await until(lambda: len(receiver.received) == 2)


async def test_a_deleted_webhook_is_told_nothing(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        issued = await hook(practice, receiver.url)
        await webhooks.delete(desk(practice), DeleteWebhook(id=issued.webhook_id))
        await tell(practice, 64)
        await asyncio.sleep(0.1)

    assert receiver.received == []
    assert (await stored(practice, issued.webhook_id)).secret == ""


async def test_a_webhook_that_is_deleted_when_its_round_begins_is_told_nothing(practice, clock):
    async with a_receiver() as receiver:
        issued = await hook(practice, receiver.url)
        await tell(practice, 64)

        async with delivering(DeletedOnceItIsHeld(practice, issued.webhook_id), clock) as deliveries:
            await until(lambda: is_deleted(practice, issued))
            deliveries.leave()

    assert receiver.received == []  # it would have been signed without a secret


class DeletedOnceItIsHeld:
    """The practice's store; after the first unit of work that writes, somebody deletes the webhook."""

    def __init__(self, practice, id):
        self._practice, self._id, self._is_done = practice, id, False

    def __getattr__(self, name):
        return getattr(self._practice.store, name)

    async def write(self, account, work):
        done = await self._practice.store.write(account, work)
        if not self._is_done:
            self._is_done = True
            await webhooks.delete(desk(self._practice), DeleteWebhook(id=self._id))
        return done


async def is_deleted(practice, issued):
    return (await stored(practice, issued.webhook_id)).archived_at is not None


async def test_what_a_receiver_says_disables_no_other_that_has_taken_its_place(practice, clock):
    async with a_receiver() as old, a_receiver() as new, delivering(practice.store, clock):
        issued = await hook(practice, old.url)

        async def gone(received):
            await webhooks.update(desk(practice), UpdateWebhook(id=issued.webhook_id, url=new.url))
            return answer(410)

        old.answers = gone
        await tell(practice, 64)
        await until(lambda: caught_up(practice, issued.webhook_id))
        await tell(practice, 65)
        await until(lambda: len(new.received) == 1)

    assert [one.appointment for one in old.received] == ["64"]
    webhook = await stored(practice, issued.webhook_id)
    assert (webhook.state, webhook.failing_since) == (WebhookState.ACTIVE, None)


async def test_changes_are_told_at_once_to_a_url_that_takes_the_place_of_one_that_failed(practice, clock):
    async with a_receiver() as old, a_receiver() as new, delivering(practice.store, clock):
        old.answers = lambda received: NO
        issued = await hook(practice, old.url)
        await tell(practice, 1)
        await until(lambda: caught_up(practice, issued.webhook_id))
        await tell(practice, *range(2, 31))
        await until(lambda: is_stalled(practice, issued))

        await webhooks.update(desk(practice), UpdateWebhook(id=issued.webhook_id, url=new.url))
        await until(lambda: len(new.received) == 10)
        clock.forward(seconds=6)
        await until(lambda: len(new.received) == 30)


async def test_a_pause_during_a_round_is_not_told_as_a_webhook_that_was_disabled(practice, clock, caplog):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        issued = await hook(practice, receiver.url)

        async def paused(received):
            await webhooks.update(desk(practice), UpdateWebhook(id=issued.webhook_id, state=WebhookState.PAUSED))
            return OK

        receiver.answers = paused
        await tell(practice, 64)
        await until(lambda: is_noted(practice, issued))

    assert (await stored(practice, issued.webhook_id)).state is WebhookState.PAUSED
    assert "webhook disabled" not in caplog.text


async def is_noted(practice, issued):
    return (await stored(practice, issued.webhook_id)).delivered_at is not None


async def test_deliveries_go_on_when_the_clock_is_set_back(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        issued = await hook(practice, receiver.url)
        await tell(practice, 64)
        await until(lambda: caught_up(practice, issued.webhook_id))
        clock.forward(hours=-1)
        await tell(practice, 65)
        await until(lambda: len(receiver.received) == 2)


async def test_a_round_that_the_store_kept_waiting_for_long_sends_nothing_and_the_next_does(practice, clock):
    pace = Pace(look_seconds=0.01, round_seconds=0.2, leaving_seconds=1.0)
    async with a_receiver() as receiver:
        await hook(practice, receiver.url)
        await tell(practice, 64)
        slow = SlowAtFirst(practice.store, seconds=0.3)
        async with delivering(slow, clock, pace=pace):
            await until(lambda: len(receiver.received) == 1)

    assert slow.rounds > 1


class SlowAtFirst:
    """A store whose first reading of a book takes long."""

    def __init__(self, store, seconds):
        self._store, self._seconds, self.rounds = store, seconds, 0

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def read(self, account, work):
        self.rounds += 1
        if self.rounds == 1:
            await asyncio.sleep(self._seconds)
        return await self._store.read(account, work)


async def test_both_secrets_sign_for_a_day_after_a_rotation(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        issued = await hook(practice, receiver.url)
        rotated = await webhooks.rotate_secret(desk(practice), RotateWebhookSecret(id=issued.webhook_id))
        await tell(practice, 64)
        await until(lambda: len(receiver.received) == 1)
        clock.forward(days=1)
        await tell(practice, 64)
        await until(lambda: len(receiver.received) == 2)

    both, one = receiver.received
    secrets = (rotated.secret, issued.secret)
    assert both.headers["webhook-signature"].split(" ") == [signature_of(secret, both) for secret in secrets]
    assert one.headers["webhook-signature"] == signature_of(rotated.secret, one)


async def test_a_test_is_sent_and_its_outcome_can_be_seen(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        issued = await hook(practice, receiver.url)
        await webhooks.send_test(desk(practice), SendTestWebhook(id=issued.webhook_id))
        await until(lambda: len(receiver.received) == 1)
        await until(lambda: delivered(practice, issued))

    [kept] = await deliveries_of(practice, issued.webhook_id)
    assert (kept.kind, kept.status, receiver.received[0].told["type"]) == ("TEST", 204, "webhook.test")


async def test_a_receiver_that_is_down_is_tried_with_twenty_appointments_and_then_left_alone(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        receiver.answers = lambda received: NO
        issued = await hook(practice, receiver.url)
        await tell(practice, 1)
        await until(lambda: caught_up(practice, issued.webhook_id))
        await tell(practice, *range(2, 31))
        await until(lambda: is_stalled(practice, issued))
        assert len(receiver.received) == 20
        webhook = await stored(practice, issued.webhook_id)
        assert (webhook.stalled, webhook.waiting) == (True, 20)

        receiver.answers = lambda received: OK
        clock.forward(seconds=6)
        await until(lambda: len(set(receiver.numbers())) == 30)
        await until(lambda: delivered(practice, issued))


async def is_stalled(practice, issued):
    return (await stored(practice, issued.webhook_id)).stalled


async def test_one_webhook_takes_few_connections_and_a_slow_one_holds_no_other_up(practice, clock):
    async with a_receiver() as slow, a_receiver() as quick, delivering(practice.store, clock):
        slow.answers = lambda received: asyncio.sleep(30, OK)
        await hook(practice, slow.url)
        await hook(practice, quick.url)
        await tell(practice, *range(1, 41))
        await until(lambda: len(quick.received) == 40)

        assert quick.most_under_way <= 4
        assert slow.most_under_way <= 4
        slow.cut()


async def test_all_webhooks_together_have_no_more_requests_than_they_may(practice, clock):
    pace = Pace(look_seconds=0.01, requests=3, leaving_seconds=1.0)
    async with a_receiver() as receiver, delivering(practice.store, clock, pace=pace):
        receiver.answers = lambda received: asyncio.sleep(0.02, OK)
        for number in range(5):
            await hook(practice, f"{receiver.url}{number}")
        await tell(practice, *range(1, 11))
        await until(lambda: len(receiver.received) == 50)

    assert receiver.most_under_way <= 3


async def test_two_that_deliver_tell_each_change_once(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock), delivering(practice.store, clock):
        receiver.answers = lambda received: asyncio.sleep(0.002, OK)
        issued = await hook(practice, receiver.url)
        for first in range(0, 60, 3):
            await tell(practice, first + 1, first + 2, first + 3)
        await until(lambda: caught_up(practice, issued.webhook_id))

    assert sorted(receiver.numbers()) == sorted(set(receiver.numbers()))
    assert len(receiver.received) == 60


async def test_what_one_held_who_died_is_delivered_by_another_when_its_time_is_over(practice, clock):
    async with a_receiver() as receiver:
        issued = await hook(practice, receiver.url)
        await tell(practice, 64)

        async def take(book):
            until = clock.now + timedelta(seconds=30)
            return await book.take_webhook(issued.webhook_id, by="who died", now=clock.now, until=until)

        assert await practice.store.write(practice.account.id, take)
        async with delivering(practice.store, clock):
            await asyncio.sleep(0.1)
            assert receiver.received == []
            clock.forward(seconds=30)
            await until(lambda: len(receiver.received) == 1)


async def test_who_was_overtaken_notes_nothing(practice, clock):
    async with a_receiver() as receiver:
        issued = await hook(practice, receiver.url)
        await tell(practice, 64)

        async def overtaken(received):
            clock.forward(seconds=31)

            async def take(book):
                until = clock.now + timedelta(seconds=30)
                return await book.take_webhook(issued.webhook_id, by="another", now=clock.now, until=until)

            assert await practice.store.write(practice.account.id, take)
            return NO

        receiver.answers = overtaken
        async with delivering(practice.store, clock):
            await until(lambda: len(receiver.received) == 1)

    assert await deliveries_of(practice, issued.webhook_id) == []
    assert not await caught_up(practice, issued.webhook_id)


async def test_who_ends_breaks_off_what_takes_too_long_and_it_is_delivered_by_the_next(practice, clock):
    pace = Pace(look_seconds=0.01, leaving_seconds=0.05)
    async with a_receiver() as receiver:
        receiver.answers = lambda received: asyncio.sleep(30, OK)
        issued = await hook(practice, receiver.url)
        await tell(practice, *range(1, 11))
        async with delivering(practice.store, clock, pace=pace):
            await until(lambda: len(receiver.received) == 4)
        waiting = await deliveries_of(practice, issued.webhook_id)
        assert [(one.attempts, one.due_at) for one in waiting] == [(0, clock.now)] * 10

        receiver.cut()
        receiver.answers = lambda received: OK
        async with delivering(practice.store, clock):
            await until(lambda: len(set(receiver.numbers())) == 10)
            await until(lambda: delivered(practice, issued))


async def test_other_accounts_are_told_nothing(practice, other_practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        mine = await hook(practice, f"{receiver.url}&mine")
        theirs = await hook(other_practice, f"{receiver.url}&theirs")
        await tell(practice, 64)
        await tell(other_practice, 65)
        for whose, one in ((practice, mine), (other_practice, theirs)):
            await until(lambda whose=whose, one=one: caught_up(whose, one.webhook_id))
        await until(lambda: len(receiver.received) == 2)

    assert sorted((one.line.split("&")[1].split()[0], one.appointment) for one in receiver.received) == [
        ("mine", "64"),
        ("theirs", "65"),
    ]


async def test_the_log_has_ids_and_outcomes_and_neither_urls_nor_what_was_sent(practice, clock, caplog):
    caplog.set_level(logging.INFO)
    async with a_receiver() as receiver, delivering(practice.store, clock):
        receiver.answers = lambda received: NO
        issued = await hook(practice, receiver.url)
        await tell(practice, 64)
        await until(lambda: caught_up(practice, issued.webhook_id))

    [record] = [record for record in caplog.records if record.name == "gappt_graphql.sending"]
    assert record.getMessage() == "webhook failed"
    assert not record.fields.keys() & {"time", "level", "message", "logger"}  # it would take their place in the line
    assert record.fields["message_id"].startswith(f"msg_{issued.webhook_id}_")
    assert record.fields["webhook"] == str(issued.webhook_id)
    assert (record.fields["status"], record.fields["attempt"]) == (500, 1)
    told = f"{record.getMessage()} {record.fields}"
    assert "secret-path" not in told
    assert "localhost" not in told
    assert issued.secret not in told


async def test_a_url_that_is_not_allowed_any_more_is_not_asked(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock, receivers=Receivers()):
        issued = await hook(practice, receiver.url)
        await tell(practice, 64)
        await until(lambda: caught_up(practice, issued.webhook_id))

    [kept] = await deliveries_of(practice, issued.webhook_id)
    assert (kept.failure, receiver.connections) == ("URL_REFUSED", 0)


async def test_deliveries_that_were_done_with_a_month_ago_are_forgotten(practice, clock):
    async with a_receiver() as receiver, delivering(practice.store, clock):
        issued = await hook(practice, receiver.url)
        await webhooks.send_test(desk(practice), SendTestWebhook(id=issued.webhook_id))
        await until(lambda: delivered_and_kept(practice, issued))
        clock.forward(days=31)
        await tell(practice, 64)
        await until(lambda: caught_up(practice, issued.webhook_id))

    assert await deliveries_of(practice, issued.webhook_id) == []


async def delivered_and_kept(practice, issued):
    kept = await deliveries_of(practice, issued.webhook_id)
    return bool(kept) and kept[0].state is DeliveryState.DELIVERED


async def test_what_was_sent_and_what_is_behind_is_counted(practice, clock):
    metrics = Metrics()
    async with a_receiver() as receiver, delivering(practice.store, clock, observer=metrics):
        receiver.answers = lambda received: NO if received.appointment == "64" else OK
        issued = await hook(practice, receiver.url)
        await tell(practice, 64, 65, 64)
        await until(lambda: caught_up(practice, issued.webhook_id))
        await until(lambda: told_by(metrics, "gappt_webhook_backlog 2.0"))
        assert await told_by(metrics, 'gappt_webhook_messages_total{outcome="delivered"} 1.0')
        assert await told_by(metrics, 'gappt_webhook_messages_total{outcome="failed"} 1.0')
        assert await told_by(metrics, "gappt_webhook_seconds_count 2.0")
        assert not await told_by(metrics, "gappt_webhook_failing_since_timestamp_seconds 1")

        receiver.answers = lambda received: NO
        clock.forward(seconds=6)
        await until(lambda: told_by(metrics, "gappt_webhook_failing_since_timestamp_seconds 1.77"))


async def told_by(metrics, line):
    return line in (await metrics.text()).decode()
