"""What can be watched."""

from collections.abc import AsyncIterator

import strawberry
from strawberry import UNSET

from gappt_graphql.graph import changes
from gappt_graphql.graph.errors import bad_user_input


@strawberry.type(description="What can be watched")
class Subscription:
    @strawberry.subscription(
        graphql_type=changes.GroupAppointmentChange, description="Changes of group appointments as they happen"
    )
    async def group_appointment_changed(
        self, filter: changes.Filter = UNSET, after: changes.After = UNSET
    ) -> AsyncIterator[changes.Told]:
        raise bad_user_input("This server streams no changes; ask groupAppointmentChanges for them.")
        yield  # makes this an iterator
