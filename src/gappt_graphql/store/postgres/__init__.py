"""The store of many processes: a PostgreSQL database."""
