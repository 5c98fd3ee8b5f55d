-- The alias extension `vector`: empty, because quiver, which it requires, holds every object.
\echo Use "CREATE EXTENSION vector" to load this file. \quit
