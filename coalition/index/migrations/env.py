"""Run by Alembic, on the connection that `migrate` opened."""

from alembic import context

from coalition.index.database import VERSION_TABLE
from coalition.index.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
