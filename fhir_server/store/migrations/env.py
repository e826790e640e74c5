"""What alembic runs for each command: the connection is the caller's, so that it is his transaction too."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
