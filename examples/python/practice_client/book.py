"""Booking a patient: safe to try again, and a refusal is an answer like another."""

from uuid import uuid4

from .generated import BookAttendeesInput, PracticeClient, SchedulingUserErrorCode
from .server import ask_again


async def book(client: PracticeClient, group: str, patient: str, *, waitlist: bool = False) -> None:
    """Book a patient into a group; `waitlist` is the patient's wish to wait for a seat."""
    wanted = BookAttendeesInput(
        group_appointment_id=group,
        patient_ids=[patient],
        waitlist_if_full=waitlist,
        # One key for what a person asked for once, however often it is sent. Made inside of ask_again it would be
        # another one each time.
        idempotency_key=str(uuid4()),
    )
    booked = await ask_again(lambda: client.book(wanted))
    if booked is None:
        return
    for outcome in booked.outcomes:
        if outcome.attendee and booked.group_appointment:
            print(f"Booked {outcome.patient.label}. Seats left: {booked.group_appointment.available_seats}")
        if outcome.waitlist_entry:
            print(f"{outcome.patient.label} waits for a seat, at place {outcome.waitlist_entry.position}")
    # Programs branch on the code; the message is a sentence for a person, and may be worded better one day.
    for error in booked.user_errors:
        match error.code:
            case SchedulingUserErrorCode.CAPACITY_FULL:
                print("The group is full. To wait for a seat: --waitlist")
            case SchedulingUserErrorCode.ALREADY_BOOKED:
                print("Nothing to do: the patient has a place, or waits for one")
            case _:
                print(f"Not booked: {error.message}")
