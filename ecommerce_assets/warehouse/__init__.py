"""PostgreSQL: tables, migrations, the embedded server, queues of touched keys, replaced rows."""
