-- A database dumped from PostgreSQL with pgvector 0.8.6 by pg_dump --no-owner, as it was written.
--
-- PostgreSQL database dump
--


-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: vector; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;


--
-- Name: EXTENSION vector; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION vector IS 'vector data type and ivfflat and hnsw access methods';


--
-- Name: hit; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.hit AS (
	id integer,
	v public.vector
);


--
-- Name: unit_vector; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.unit_vector AS public.vector(2)
	CONSTRAINT unit_vector_check CHECK ((abs((public.vector_norm(VALUE) - (1)::double precision)) < (0.000001)::double precision));


--
-- Name: closest(public.vector); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.closest(query public.vector) RETURNS integer
    LANGUAGE sql STABLE
    AS $$SELECT id FROM documents ORDER BY embedding <-> query LIMIT 1$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: documents; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.documents (
    id integer NOT NULL,
    body text NOT NULL,
    embedding public.vector(4) DEFAULT '[0,0,0,1]'::public.vector NOT NULL,
    small public.halfvec(4) GENERATED ALWAYS AS ((embedding)::public.halfvec(4)) STORED,
    terms public.sparsevec(1000),
    sign bit(4),
    history public.vector(4)[],
    CONSTRAINT near_origin CHECK (((embedding OPERATOR(public.<->) '[0,0,0,0]'::public.vector) < (100000)::double precision)),
    CONSTRAINT not_zero CHECK ((public.vector_norm(embedding) > (0)::double precision))
);


--
-- Name: centre; Type: MATERIALIZED VIEW; Schema: public; Owner: -
--

CREATE MATERIALIZED VIEW public.centre AS
 SELECT public.avg(documents.embedding) AS mean,
    public.sum(documents.small) AS total,
    count(*) AS count
   FROM public.documents
  WITH NO DATA;


--
-- Name: directions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.directions (
    d public.unit_vector NOT NULL
);


--
-- Name: hits; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.hits (
    h public.hit
);


--
-- Name: nearest; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.nearest AS
 SELECT documents.id,
    (documents.embedding OPERATOR(public.<=>) '[1,1,1,1]'::public.vector) AS distance,
    public.l2_normalize(documents.embedding) AS unit
   FROM public.documents
  ORDER BY (documents.embedding OPERATOR(public.<=>) '[1,1,1,1]'::public.vector);


--
-- Data for Name: directions; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.directions (d) FROM stdin;
[1,0]
[0.6,0.8]
\.


--
-- Data for Name: documents; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.documents (id, body, embedding, terms, sign, history) FROM stdin;
1	one	[0.1,0.2,-0.3,1e-40]	{1:0.5,1000:-2.25}/1000	1100	{"[1,2,3,4]","[5,6,7,8]"}
2	two	[3.1415927,-2.7182817,1.618034,0]	{}/1000	1010	\N
3	three	[60000,0.33333334,-1e-10,12345.678]	\N	\N	{}
\.


--
-- Data for Name: hits; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.hits (h) FROM stdin;
(1,"[1,2,3]")
\.


--
-- Name: directions directions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.directions
    ADD CONSTRAINT directions_pkey PRIMARY KEY (d);


--
-- Name: documents documents_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (id);


--
-- Name: by_bits; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX by_bits ON public.documents USING btree (((public.binary_quantize(embedding))::bit(4)));


--
-- Name: by_embedding; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX by_embedding ON public.documents USING btree (embedding);


--
-- Name: by_small; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX by_small ON public.documents USING btree (small, id);


--
-- Name: centre; Type: MATERIALIZED VIEW DATA; Schema: public; Owner: -
--

REFRESH MATERIALIZED VIEW public.centre;


--
-- PostgreSQL database dump complete
--


