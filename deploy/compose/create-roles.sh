#!/bin/sh
# Creates the roles and the database on the first start of Postgres (docs/database.md, "You own the database").
set -eu
psql --set ON_ERROR_STOP=1 --set password="$(cat /run/secrets/tasklane_password)" --username postgres <<'SQL'
create role tasklane_owner login noinherit password :'password';
create role tasklane_app nologin;
create role tasklane_system nologin;
grant tasklane_app, tasklane_system to tasklane_owner;
create database tasklane owner tasklane_owner;
SQL
