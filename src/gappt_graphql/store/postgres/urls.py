"""The addresses of PostgreSQL databases."""


def is_postgres(url: str) -> bool:
    """Tell whether the address is that of a PostgreSQL database."""
    return url.startswith(("postgresql://", "postgres://"))
