"""Cursors by name that somebody made up."""

import pytest
from graphql import GraphQLError

from gappt_graphql.graph.cursors import Cursors
from gappt_graphql.scheduling.asking import Order
from gappt_graphql.scheduling.ids import AccountId


def test_a_cursor_with_nul_in_its_name_is_refused_as_postgresql_would() -> None:
    cursors = Cursors("patients", AccountId(1), (Order("name"),))

    assert cursors.read(cursors.at("lee", 1)) == ("lee", 1)
    with pytest.raises(GraphQLError, match="does not belong"):
        cursors.read(cursors.at("le\0e", 1))
