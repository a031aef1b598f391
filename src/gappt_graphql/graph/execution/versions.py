"""Which versions of the libraries the plans are known to agree with."""

import logging
from functools import lru_cache
from importlib.metadata import version

log = logging.getLogger("gappt_graphql.graph")

# Of these the tests have seen that a plan answers what graphql-core does. A plan is made by parts of both that are not
# promised to stay: `collect_fields`, `VariableValues`, `convert_arguments`, and what Strawberry keeps about its fields.
KNOWN = frozenset({("3.3.2", "0.341.2")})


@lru_cache
def are_known() -> bool:
    """Tell whether plans may be made here; if not, say so in the log, once."""
    found = (version("graphql-core"), version("strawberry-graphql"))
    if found in KNOWN:
        return True
    message = "Operations are run by graphql-core, which is slower: plans are not known to agree with its version %s"
    log.warning(f"{message} and Strawberry %s", *found)
    return False
