-- Every text that is no sparsevec is refused with pgvector's message, DETAIL and SQLSTATE.
\ir ../lib/setup.sql
SELECT plan(70);

-- SQLSTATE, message and DETAIL of reading `literal`; NULL if it is accepted.
CREATE FUNCTION pg_temp.refusal(literal text, typmod int DEFAULT -1) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; message text; detail text;
BEGIN
    PERFORM sparsevec_in(literal::cstring, 0, typmod);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', state, message, nullif(detail, ''));
END $$;

SELECT is(pg_temp.refusal(literal),
          '22P02 | invalid input syntax for type sparsevec: "' || literal || '"' || coalesce(' | ' || detail, ''),
          format('%L is no sparsevec', literal))
  FROM (VALUES
    ('', 'Vector contents must start with "{".'),
    (' ', 'Vector contents must start with "{".'),
    ('1:1}/1', 'Vector contents must start with "{".'),
    ('[1,2]', 'Vector contents must start with "{".'),
    ('x{1:1}/1', 'Vector contents must start with "{".'),
    ('{', NULL), ('{ ', NULL), ('{:', NULL), ('{,', NULL), ('{1', NULL), ('{1:', NULL), ('{1:1', NULL), ('{1:1,', NULL),
    ('{:}/1', NULL), ('{,}/1', NULL), ('{1,}/1', NULL), ('{:1}/1', NULL), ('{1:}/1', NULL), ('{1:1,}/1', NULL),
    ('{,1:1}/1', NULL), ('{1:1,,2:1}/2', NULL), ('{1:1;2:1}/2', NULL), ('{1 1}/1', NULL), ('{1:1 2:2}/2', NULL),
    ('{1a:1}/1', NULL), ('{1:1a}/1', NULL), ('{1:hello,2:1}/2', NULL), ('{1.5:1}/2', NULL), ('{1e0:1}/2', NULL),
    ('{0x1:1}/2', NULL), ('{- 1:1}/2', NULL), ('{1:1:1}/2', NULL), ('{1:- 1}/2', NULL), ('{{1:1}}/2', NULL),
    ('{1:1}', 'Unexpected end of input.'), ('{}', 'Unexpected end of input.'), ('{} 5', 'Unexpected end of input.'),
    ('{1:1}}/1', 'Unexpected end of input.'),
    ('{}/', NULL), ('{}/ ', NULL), ('{}/a', NULL), ('{}/-', NULL), ('{}//1', NULL),
    ('{}/1a', 'Junk after closing.'), ('{}/1.5', 'Junk after closing.'), ('{}/1 2', 'Junk after closing.'),
    ('{}/1}', 'Junk after closing.'), ('{}/1,', 'Junk after closing.')
  ) AS bad (literal, detail);

SELECT is(pg_temp.refusal(literal), refusal, format('%L is refused for what is wrong with it', literal))
  FROM (VALUES
    ('{1:NaN}/2', '22000 | NaN not allowed in sparsevec'),
    ('{1:Infinity}/2', '22000 | infinite value not allowed in sparsevec'),
    ('{1:-inf}/2', '22000 | infinite value not allowed in sparsevec'),
    ('{1:4e38}/2', '22003 | "4e38" is out of range for type sparsevec'),
    ('{1:-4e38,x', '22003 | "-4e38" is out of range for type sparsevec'),
    ('{1:1e-46}/2', '22003 | "1e-46" is out of range for type sparsevec'),
    ('{1:1,1:1}/2', '22000 | sparsevec indices must not contain duplicates'),
    ('{2:1,1:1,2:1}/2', '22000 | sparsevec indices must not contain duplicates'),
    ('{0:1}/1', '22000 | sparsevec index out of bounds'),
    ('{-1:1}/1', '22000 | sparsevec index out of bounds'),
    ('{2:1}/1', '22000 | sparsevec index out of bounds'),
    ('{2147483648:1}/1', '22000 | sparsevec index out of bounds'),
    ('{-2147483648:1}/1', '22000 | sparsevec index out of bounds'),
    ('{-99999999999999999999:1}/1', '22000 | sparsevec index out of bounds'),
    ('{}/0', '22000 | sparsevec must have at least 1 dimension'),
    ('{}/-99999999999999999999', '22000 | sparsevec must have at least 1 dimension'),
    ('{}/1000000001', '54000 | sparsevec cannot have more than 1000000000 dimensions'),
    ('{}/99999999999999999999', '54000 | sparsevec cannot have more than 1000000000 dimensions')
  ) AS bad (literal, refusal);

SELECT is(pg_temp.refusal('{5:1}/3', 2), '22000 | expected 2 dimensions, not 3',
          'the type modifier is checked before the indices');
SELECT is(pg_temp.refusal('{' || repeat(',', 16000)), '54000 | sparsevec cannot have more than 16000 non-zero elements',
          'elements are counted before anything else is read');
SELECT is(pg_temp.refusal('{' || string_agg(i || ':0', ',') || '}/20000'),
          '54000 | sparsevec cannot have more than 16000 non-zero elements', 'written zeros count')
  FROM generate_series(1, 16001) i;
SELECT is(pg_temp.refusal('{' || repeat('1:1,', 15999) || '1:1}/16001'), '22000 | sparsevec indices must not contain duplicates',
          '16,000 copies of one index are read and refused');

SELECT * FROM finish();
ROLLBACK;
