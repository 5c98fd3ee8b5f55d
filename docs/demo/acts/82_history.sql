-- What it was
-- A table with history keeps what each statement changed, and who asked for it. The table as it was is ordinary SQL, and going
-- back is tried dry before it is done.

CREATE TABLE price (item text PRIMARY KEY, cents int, note text);
SELECT quiver.history_enable('price', hash => '{note}');
INSERT INTO price VALUES ('violin', 90000, 'from Cremona'), ('bow', 12000, NULL), ('rosin', 900, NULL);
SELECT clock_timestamp() AS monday \gset

SET quiver.history_context = 'ticket 4711';
UPDATE price SET cents = cents / 100 WHERE item <> 'rosin';
DELETE FROM price WHERE item = 'rosin';
ALTER TABLE price RENAME cents TO amount;

SELECT * FROM price;

SELECT * FROM quiver.history_at(NULL::price, :'monday');

SELECT op, changed, context FROM quiver.history_timeline('price', '{violin}');

SELECT action, row_key, now, was FROM quiver.history_revert('price', :'monday');

SELECT count(*) AS changes_taken_back FROM quiver.history_revert('price', :'monday', dry_run => false);

SELECT item, amount FROM price;
