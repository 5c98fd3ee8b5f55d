-- What psql says of the types, of a table that has them, and of their operators.
\dT vector|halfvec|tinyvec|sparsevec
CREATE TABLE item (
    id int PRIMARY KEY,
    v vector(3) NOT NULL DEFAULT '[0,0,0]',
    h halfvec(3),
    t tinyvec(3),
    s sparsevec(3),
    b bit(3),
    list vector(3)[]
);
CREATE INDEX item_v ON item (v);
CREATE INDEX item_h ON item USING hash (h);
\d item
\do <-> vector vector
\do <~>
\da public.avg
SELECT format_type('vector'::regtype, NULL), format_type('vector'::regtype, 1536),
       format_type('tinyvec'::regtype, 16), format_type('halfvec[]'::regtype, 4);
DROP TABLE item;
