"""How refusals become the reference's envelope."""

from gappt_graphql.rest.errors import unprocessable
from gappt_graphql.scheduling.problems import Code, Problem, Refused


def test_each_field_has_its_sentences_once_and_the_whole_is_base() -> None:
    refused = Refused(
        [
            Problem(Code.OUT_OF_RANGE, "First.", ("repeat_rule", "number_of_repeats")),
            Problem(Code.OUT_OF_RANGE, "Second.", ("repeat_rule", "repeating_interval")),
            Problem(Code.OUT_OF_RANGE, "First.", ("repeat_rule",)),
            Problem(Code.CONFLICT, "About it all."),
        ]
    )

    answered = unprocessable(refused)

    assert answered.status == 422
    assert answered.body == {
        "message": "Validation Failed",
        "errors": {"repeat_rule": "First. Second.", "base": "About it all."},
    }


def test_what_is_wrong_with_the_id_is_wrong_with_the_address() -> None:
    refused = Refused([Problem(Code.REQUIRED, "x", ("notes",)), Problem(Code.ARCHIVED, "y", ("id",))])

    assert (unprocessable(refused).status, unprocessable(refused).body) == (
        404,
        {"message": "There is nothing at this address."},
    )
