-- Seeing inside an hnsw index: figures, proof, and the work of the last scan.
CREATE FUNCTION quiver.hnsw_stats(
    index regclass,
    OUT format integer,
    OUT dimensions integer,
    OUT m integer,
    OUT ef_construction integer,
    OUT vertices bigint,
    OUT heap_rows bigint,
    OUT without_rows bigint,
    OUT free bigint,
    OUT unused bigint,
    OUT entry_level integer,
    OUT levels bigint[],
    OUT mean_links double precision,
    OUT pages bigint,
    OUT link_pages bigint,
    OUT code_pages bigint,
    OUT attribute_pages bigint,
    OUT value_pages bigint,
    OUT vertices_per_chunk integer
) AS 'MODULE_PATHNAME', 'quiver_hnsw_stats' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.hnsw_stats(regclass) IS
    'what an hnsw index is made of: vertices, rows, levels (vertices whose highest layer is 0, 1, ...), links on layer 0, pages';

CREATE FUNCTION quiver.hnsw_verify(
    index regclass,
    against_table boolean DEFAULT true,
    OUT vertices bigint,
    OUT heap_rows bigint,
    OUT unreachable bigint,
    OUT absent_rows bigint,
    OUT differing_values bigint,
    OUT problems text[]
) AS 'MODULE_PATHNAME', 'quiver_hnsw_verify' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.hnsw_verify(regclass, boolean) IS
    'read an hnsw index whole and prove it: pages, links, levels, the free list, reachability, and against the table that pointed-to rows hold the values; problems is empty if it is sound';

CREATE FUNCTION quiver.hnsw_last_scan(
    OUT vertices_visited bigint,
    OUT distances_computed bigint,
    OUT reranked bigint,
    OUT codes_copied bigint
) AS 'MODULE_PATHNAME', 'quiver_hnsw_last_scan' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION quiver.hnsw_last_scan() IS
    'the work of this session''s last hnsw index scan: vertices whose links were followed, distances computed, candidates compared again exactly, and distances that came from the copy of the codes';

CREATE FUNCTION quiver.prewarm(
    index regclass,
    OUT pages bigint,
    OUT codes bigint
) AS 'MODULE_PATHNAME', 'quiver_hnsw_prewarm' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION quiver.prewarm(regclass) IS
    'read the pages of an hnsw index into shared buffers, and its codes into the copy that searches share: pages read, codes that searches find there (0 where there is no copy)';
