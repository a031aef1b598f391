"""The document of a request."""

from gappt_graphql.graph.context import Context
from gappt_graphql.graph.requests import Asked, NotTaken


def text_of(asked: Asked, context: Context) -> str:
    """
    Return the text of the document that a request asks for.

    :raises NotTaken: if it names none
    """
    if asked.query is None:
        raise NotTaken(400, "The request has no query.")
    return asked.query
