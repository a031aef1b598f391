"""What can be done: each mutation is one use case, which is one transaction."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol, TypeVar

import strawberry

from gappt_graphql.graph import calendars as feeds
from gappt_graphql.graph import inputs, inputs_attendance, inputs_directory, payloads
from gappt_graphql.graph import webhooks as hooks
from gappt_graphql.graph.context import Info
from gappt_graphql.graph.user_errors import Refusal
from gappt_graphql.practice import archiving, attendance, booking, calendars, directory, repeating, webhooks
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.problems import Refused

C = TypeVar("C")
C_co = TypeVar("C_co", covariant=True)


class Input(Protocol[C_co]):
    """An input that stands for a command."""

    def to_command(self) -> C_co: ...


def _mutation(
    use_case: Callable[[Desk, C], Awaitable[object]], takes: type[Input[C]], gives: type[object], *, description: str
) -> Any:
    """Declare a mutation: a use case, the input that its command comes from, and what its outcome is shown as."""

    async def resolve(info: Info, input: Input[C]) -> object:
        # What an earlier mutation of the operation has read may be true no more.
        info.context.forget()
        try:
            return await use_case(info.context.desk, input.to_command())
        except Refused as refused:
            return Refusal.of(refused)

    about: str = takes.__strawberry_definition__.description  # type: ignore[attr-defined]
    resolve.__annotations__["input"] = Annotated[takes, strawberry.argument(description=about)]
    return strawberry.mutation(resolver=resolve, graphql_type=gives | None, description=description)


@strawberry.type(description="What can be done; each mutation is done as a whole or not at all")
class Mutation:
    create_group_appointment = _mutation(
        booking.create,
        inputs.CreateGroupAppointmentInput,
        payloads.CreateGroupAppointmentPayload,
        description="Create a group appointment, its attendees and its repeats",
    )
    update_group_appointment = _mutation(
        booking.update,
        inputs.UpdateGroupAppointmentInput,
        payloads.UpdateGroupAppointmentPayload,
        description="Change a group appointment, and the rest of its series as far as the scope reaches",
    )
    archive_group_appointment = _mutation(
        archiving.archive,
        inputs.ArchiveGroupAppointmentInput,
        payloads.ArchiveGroupAppointmentPayload,
        description="Archive a group appointment, and the rest of its series as far as the scope reaches",
    )
    restore_group_appointment = _mutation(
        archiving.restore,
        inputs.RestoreGroupAppointmentInput,
        payloads.RestoreGroupAppointmentPayload,
        description="Restore an archived group appointment, and the rest of its series as far as the scope reaches",
    )
    repeat_group_appointment = _mutation(
        repeating.repeat,
        inputs.RepeatGroupAppointmentInput,
        payloads.RepeatGroupAppointmentPayload,
        description="Make a series of a group appointment that has no repeats",
    )
    book_attendees = _mutation(
        attendance.book,
        inputs_attendance.BookAttendeesInput,
        payloads.BookAttendeesPayload,
        description="Book patients into a group appointment, all or none in each occurrence",
    )
    update_attendee = _mutation(
        attendance.update,
        inputs_attendance.UpdateAttendeeInput,
        payloads.UpdateAttendeePayload,
        description="Note whether a patient came, and change the notes",
    )
    cancel_attendee = _mutation(
        attendance.cancel,
        inputs_attendance.CancelAttendeeInput,
        payloads.CancelAttendeePayload,
        description="Cancel a place and give it to whoever waits first; twice is the same as once",
    )
    archive_attendee = _mutation(
        attendance.archive,
        inputs_attendance.ArchiveAttendeeInput,
        payloads.ArchiveAttendeePayload,
        description="Hide the record of a place, free it, and give it to whoever waits first",
    )
    reinstate_attendee = _mutation(
        attendance.reinstate,
        inputs_attendance.ReinstateAttendeeInput,
        payloads.ReinstateAttendeePayload,
        description="Give a cancelled attendee a seat again, if one is free and nobody waits",
    )
    join_waitlist = _mutation(
        attendance.join_waitlist,
        inputs_attendance.JoinWaitlistInput,
        payloads.JoinWaitlistPayload,
        description="Put a patient at the end of the waitlist, or into a free seat",
    )
    leave_waitlist = _mutation(
        attendance.leave_waitlist,
        inputs_attendance.LeaveWaitlistInput,
        payloads.LeaveWaitlistPayload,
        description="Take a patient off the waitlist",
    )
    create_practitioner = _mutation(
        directory.create_practitioner,
        inputs_directory.CreatePractitionerInput,
        payloads.CreatePractitionerPayload,
        description="Create a practitioner",
    )
    update_practitioner = _mutation(
        directory.update_practitioner,
        inputs_directory.UpdatePractitionerInput,
        payloads.UpdatePractitionerPayload,
        description="Change a practitioner",
    )
    create_patient = _mutation(
        directory.create_patient,
        inputs_directory.CreatePatientInput,
        payloads.CreatePatientPayload,
        description="Create a patient",
    )
    update_patient = _mutation(
        directory.update_patient,
        inputs_directory.UpdatePatientInput,
        payloads.UpdatePatientPayload,
        description="Change a patient",
    )
    archive_patient = _mutation(
        directory.archive_patient,
        inputs_directory.ArchivePatientInput,
        payloads.ArchivePatientPayload,
        description="Archive a patient, who keeps booked places but can't be given new ones",
    )
    create_business = _mutation(
        directory.create_business,
        inputs_directory.CreateBusinessInput,
        payloads.CreateBusinessPayload,
        description="Create a business",
    )
    update_business = _mutation(
        directory.update_business,
        inputs_directory.UpdateBusinessInput,
        payloads.UpdateBusinessPayload,
        description="Change a business",
    )
    archive_business = _mutation(
        directory.archive_business,
        inputs_directory.ArchiveBusinessInput,
        payloads.ArchiveBusinessPayload,
        description="Archive a business, which keeps its appointments but can't be given new ones",
    )
    create_appointment_type = _mutation(
        directory.create_appointment_type,
        inputs_directory.CreateAppointmentTypeInput,
        payloads.CreateAppointmentTypePayload,
        description="Create an appointment type",
    )
    update_appointment_type = _mutation(
        directory.update_appointment_type,
        inputs_directory.UpdateAppointmentTypeInput,
        payloads.UpdateAppointmentTypePayload,
        description="Change an appointment type; appointments that exist stay as they are",
    )
    archive_appointment_type = _mutation(
        directory.archive_appointment_type,
        inputs_directory.ArchiveAppointmentTypeInput,
        payloads.ArchiveAppointmentTypePayload,
        description="Archive an appointment type, which keeps its appointments but can't be given new ones",
    )
    create_unavailable_block = _mutation(
        directory.create_unavailable_block,
        inputs_directory.CreateUnavailableBlockInput,
        payloads.CreateUnavailableBlockPayload,
        description="Create time off of a practitioner",
    )
    archive_unavailable_block = _mutation(
        directory.archive_unavailable_block,
        inputs_directory.ArchiveUnavailableBlockInput,
        payloads.ArchiveUnavailableBlockPayload,
        description="Archive time off of a practitioner",
    )
    create_calendar_feed = _mutation(
        calendars.create,
        feeds.CreateCalendarFeedInput,
        feeds.CreateCalendarFeedPayload,
        description="Make a secret address at which calendar programs read one calendar; it is shown this once",
    )
    revoke_calendar_feed = _mutation(
        calendars.revoke,
        feeds.RevokeCalendarFeedInput,
        feeds.RevokeCalendarFeedPayload,
        description="Let a secret address open nothing from now on; twice is the same as once",
    )
    create_webhook = _mutation(
        webhooks.create,
        hooks.CreateWebhookInput,
        hooks.CreateWebhookPayload,
        description="Tell a URL of what happens from now on",
    )
    update_webhook = _mutation(
        webhooks.update,
        hooks.UpdateWebhookInput,
        hooks.UpdateWebhookPayload,
        description="Change a webhook, pause it, or let it go on",
    )
    delete_webhook = _mutation(
        webhooks.delete,
        hooks.DeleteWebhookInput,
        hooks.DeleteWebhookPayload,
        description="Delete a webhook; what waits for it is not delivered",
    )
    rotate_webhook_secret = _mutation(
        webhooks.rotate_secret,
        hooks.RotateWebhookSecretInput,
        hooks.RotateWebhookSecretPayload,
        description="Give a webhook a new secret; for a day messages are signed with the former one too",
    )
    send_test_webhook = _mutation(
        webhooks.send_test,
        hooks.SendTestWebhookInput,
        hooks.SendTestWebhookPayload,
        description="Send a webhook a message that tells of nothing",
    )
    replay_webhook_deliveries = _mutation(
        webhooks.replay,
        hooks.ReplayWebhookDeliveriesInput,
        hooks.ReplayWebhookDeliveriesPayload,
        description="Make deliveries of a webhook again that were late or are dead",
    )
