"""The addresses of PostgreSQL databases."""

from importlib.util import find_spec

from gappt_graphql.store import UnsupportedStore


def is_postgres(url: str) -> bool:
    """
    Tell whether the address is that of a PostgreSQL database.

    :raises UnsupportedStore: if it is, and what speaks to such a database is not installed
    """
    if not url.startswith(("postgresql://", "postgres://")):
        return False
    if find_spec("asyncpg") is None:
        raise UnsupportedStore(
            "PostgreSQL needs a package that is not installed: pip install 'gappt-graphql[postgres]'"
        )
    return True
