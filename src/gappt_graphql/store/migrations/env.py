"""What Alembic runs: the migrations, on the connection that it was given."""

from alembic import context

from gappt_graphql.store.tables import metadata

connection = context.config.attributes["connection"]
if connection.dialect.name == "sqlite":
    # The driver would begin no transaction before a CREATE TABLE; a migration is all or nothing.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
else:
    # Who waits long for a table keeps everybody else from it.
    connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    # A statement that would pass over rows for the sake of the accounts is refused: `every_row` is what it needs.
    connection.exec_driver_sql("SET LOCAL row_security = off")
    if connection.dialect.has_table(connection, "alembic_version"):
        # Of several processes one migrates; the others wait here and then find it done.
        connection.exec_driver_sql("SELECT version_num FROM alembic_version FOR UPDATE")
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
