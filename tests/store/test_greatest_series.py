"""As much as one mutation may write is written whole."""

from at_the_desk import creation
from gappt_graphql.practice import booking
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.store.migrations import HEAD
from gappt_graphql.store.sqlite.invariants import faults


async def test_the_greatest_series_that_is_taken_is_written_whole_and_soundly(practice, raw):
    another = practice.new_patients(1)[0]
    await practice.save(another)
    rule = RepeatRule(RepeatType.DAILY, 1, 365)
    everybody = tuple(patient.id for patient in (*practice.patients, another))  # 13 is the most: 5,000 places

    await booking.create(
        practice.desk,
        creation(practice, max_attendees=13, patient_ids=everybody, copy_attendees=True, repeat_rule=rule),
    )

    assert raw.execute("SELECT count(*), sum(active_attendees) FROM group_appointments").fetchone() == (366, 366 * 13)
    assert list(faults(raw, revision=HEAD)) == []
