"""Alembic's entry. The connection is handed in by `daytwo_store.migrate`; there is no ini file."""

from alembic import context

from daytwo_store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=True,  # what one of them locks is free again before the next
)
with context.begin_transaction():
    context.run_migrations()
