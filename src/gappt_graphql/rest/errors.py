"""Refusals in the reference's words: a status, a message, and a sentence for each field at fault."""

from collections.abc import Iterable, Mapping

from gappt_graphql.scheduling.problems import Code, Problem, Refused

WHOLE = "base"
"""Where the sentence about a request as a whole stands, among those about its fields."""


class Answered(Exception):
    """A request that gets no further, with all that its answer says."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.errors, self.headers = status, message, errors, headers

    @property
    def body(self) -> dict[str, object]:
        """The answer's JSON; `errors` is left out where there are none."""
        return {"message": self.message} if self.errors is None else {"message": self.message, "errors": self.errors}


def bad_request(message: str) -> Answered:
    """Return the answer to what can't be understood; the message says what would be."""
    return Answered(400, message)


def not_found() -> Answered:
    """Return the answer to an address with nothing there, or nothing of this account."""
    return Answered(404, "There is nothing at this address.")


def unprocessable(refused: Refused) -> Answered:
    """
    Return the answer to what a use case refused.

    What is wrong with the id is wrong with the address: there is nothing, or nothing that can be changed any more.
    """
    if any(_about_the_address(problem) for problem in refused.problems):
        return not_found()
    return Answered(422, "Validation Failed", errors=_sentences(refused.problems))


def _about_the_address(problem: Problem) -> bool:
    return problem.field == ("id",) and problem.code in (Code.NOT_FOUND, Code.ARCHIVED)


def _sentences(problems: Iterable[Problem]) -> dict[str, str]:
    """Return what is wrong with each field. A path into a field is told with the field, and several on one joined."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        field = problem.field[0] if problem.field else WHOLE
        sentences = found.setdefault(field, [])
        if problem.message not in sentences:
            sentences.append(problem.message)
    return {field: " ".join(sentences) for field, sentences in found.items()}
