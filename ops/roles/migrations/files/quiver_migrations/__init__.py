"""Migrations of a schema without downtime: the command of ops/migrate and of the role migrations."""
