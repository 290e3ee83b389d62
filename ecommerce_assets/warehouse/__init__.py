"""PostgreSQL: tables, migrations, the embedded server, touched keys in and replaced rows out."""
