-- The start of every pgTAP file: quiet output, one transaction, pgtap and quiver. The file ends it with
-- ROLLBACK.
\set QUIET on
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset pager off
SET client_min_messages = warning;
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS quiver;
