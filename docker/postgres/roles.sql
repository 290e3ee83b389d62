-- Who may do what. Runs once, when the database's volume is empty.
\set loader_password `cat /run/secrets/loader_password`
\set reader_password `cat /run/secrets/reader_password`

-- Migrates, and owns the warehouse. It has no password: the Unix socket lets it in, which only the
-- database and the migration mount.
create role ecommerce_owner login;
alter database ecommerce owner to ecommerce_owner;

-- Loads: changes rows of whatever a migration makes, and owns Dagster's state.
create role ecommerce_loader login password :'loader_password';
alter default privileges for role ecommerce_owner grant usage on schemas to ecommerce_loader;
alter default privileges for role ecommerce_owner
    grant select, insert, update, delete, truncate on tables to ecommerce_loader;
create schema dagster authorization ecommerce_loader;

-- Reads: what it may see, the migrations grant. They want to be able to become it.
create role ecommerce_reader login password :'reader_password';
grant ecommerce_reader to ecommerce_owner;

-- No superuser over the network.
alter role postgres password null;
