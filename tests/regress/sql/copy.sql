-- COPY writes and reads every type; a bad line names itself.
CREATE TABLE item (id int, v vector(3), h halfvec(3), t tinyvec(3), s sparsevec(5), b bit(3), list vector[]);
COPY item FROM stdin;
1	[1,2,3]	[1.5,-2,0]	[1,-128,127]	{1:1,5:-2.5}/5	101	{"[1,2]","[3]"}
2	[ 1e10, -1e-10 , .5 ]	[65504,6e-8,-0]	[0,0,0]	{}/5	000	{}
3	\N	\N	\N	\N	\N	{NULL}
\.
COPY item TO stdout;
COPY item TO stdout WITH (FORMAT csv, HEADER);
COPY item (id, v, s) FROM stdin WITH (FORMAT csv);
4,"[7,8,9]","{2:2}/5"
\.
SELECT id, v, s FROM item ORDER BY id;

COPY item (id, v) FROM stdin;
5	[1,2]
\.
COPY item (id, v) FROM stdin;
6	[1,NaN,3]
\.
COPY item (id, h) FROM stdin;
7	[1,2,1e6]
\.
COPY item (id, t) FROM stdin;
8	[1,2,128]
\.
COPY item (id, s) FROM stdin;
9	{6:1}/5
\.
SELECT count(*) FROM item;
DROP TABLE item;
