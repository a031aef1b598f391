"""Run Alembic on a store."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, create_engine, pool


def upgrade(path: Path, revision: str = "head") -> None:
    """Run every migration up to this one that the file has not seen, all of them in one transaction."""
    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=pool.NullPool)
    with engine.connect() as connection:
        _upgrade(connection, revision)


async def upgrade_postgres(url: str, revision: str = "head") -> None:
    """Run every migration up to this one that the database has not seen, all in one transaction."""
    import asyncpg
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(_upgrade, revision)


def _upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
