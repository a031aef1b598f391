"""What Alembic runs: the migrations, on the connection that it was given."""

from alembic import context

from gappt_graphql.store.tables import metadata

connection = context.config.attributes["connection"]
if connection.dialect.name == "sqlite":
    # The driver would begin no transaction before a CREATE TABLE; a migration is all or nothing.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
