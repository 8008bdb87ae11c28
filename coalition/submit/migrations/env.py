"""Run by Alembic: `migrate` hands the connection over."""

from alembic import context

from coalition.submit.migrations import VERSION_TABLE
from coalition.submit.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
