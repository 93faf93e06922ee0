-- Bonin's role and database, run by psql when the server is new. The role owns its database and nothing else.
\set ON_ERROR_STOP on
\set password `cat /run/secrets/database-password`
CREATE ROLE bonin LOGIN PASSWORD :'password';
CREATE DATABASE bonin OWNER bonin ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0;
REVOKE ALL ON DATABASE bonin FROM PUBLIC;
