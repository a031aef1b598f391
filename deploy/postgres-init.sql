-- Makes the database and its two roles, once, when the volume of compose.yaml is empty; psql runs it as the superuser.
-- The passwords come from the environment of psql; without one of them it stops here.
\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv serving_password SERVING_PASSWORD

-- Migrates, and owns the tables. No role of the service gets around row-level security, this one neither.
CREATE ROLE gappt_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'owner_password';
-- Serves: it reads and writes rows, and changes no table.
CREATE ROLE gappt LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'serving_password';

-- Text is ordered by its bytes, as on SQLite, and stays so when the machine's own languages are upgraded.
CREATE DATABASE gappt OWNER gappt_owner TEMPLATE template0 ENCODING 'UTF8'
    LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE gappt FROM PUBLIC;
GRANT CONNECT ON DATABASE gappt TO gappt;

\connect gappt
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO gappt_owner;
-- What gappt may do in the tables, `gappt-graphql migrate --role gappt` grants with each migration.
GRANT USAGE ON SCHEMA public TO gappt;
