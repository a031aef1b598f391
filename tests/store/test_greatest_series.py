"""As much as one mutation may write is written whole."""

from at_the_desk import creation
from gappt_graphql.practice import booking
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from past import wrong


async def test_the_greatest_series_that_is_taken_is_written_whole_and_soundly(practice, past):
    another = practice.new_patients(1)[0]
    await practice.save(another)
    rule = RepeatRule(RepeatType.DAILY, 1, 365)
    everybody = tuple(patient.id for patient in (*practice.patients, another))  # 13 is the most: 5,000 places

    await booking.create(
        practice.desk,
        creation(practice, max_attendees=13, patient_ids=everybody, copy_attendees=True, repeat_rule=rule),
    )

    assert past.rows("SELECT count(*), sum(active_attendees) FROM group_appointments") == [(366, 366 * 13)]
    assert wrong(past) == {}
