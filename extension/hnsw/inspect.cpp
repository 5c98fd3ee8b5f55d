// Figures of an index, and of the session's last scan.
#include "hnsw/inspect.hpp"

#include "hnsw/access.hpp"

#include "pg/function.hpp"

namespace quiver::hnsw {

Relation open_for_inspection(Oid oid)
{
    if (get_rel_relkind(oid) != RELKIND_INDEX)
        ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
                errmsg("relation with OID %u is not an index", oid),
                errhint("Pass the name of an hnsw index."));
    const Oid table = IndexGetRelation(oid, false);
    if (pg_class_aclcheck(table, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
        aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(table));
    Relation index = index_open(oid, AccessShareLock);
    if (index->rd_indam->ambuild == nullptr || index->rd_indam->amgettuple != get_tuple)
        ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
                errmsg("index \"%s\" is not an hnsw index", RelationGetRelationName(index)));
    if (RELATION_IS_OTHER_TEMP(index))
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("cannot read temporary indexes of other sessions"));
    return index;
}

Datum make_result(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
    TupleDesc row;
    if (get_call_result_type(fcinfo, nullptr, &row) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}

namespace {

struct Figures
{
    std::int64_t by_level[highest_level + 1] = {};
    std::int64_t vertices = 0, rows = 0, without_rows = 0, free = 0, unused = 0, links = 0;
};

void count(Graph &graph, Figures *figures)
{
    for_link_pages(graph, [&](const LinkPage &page) {
        CHECK_FOR_INTERRUPTS();
        for_records(graph, page, [&](Vertex, const LinkRecord *record) {
            if (record->state() == VertexState::free)
                ++figures->free;
            else if (!record->is_live())
                ++figures->unused;
            else
            {
                ++figures->vertices;
                ++figures->by_level[record->level()];
                figures->rows += record->tid_count;
                figures->without_rows += record->tid_count == 0 ? 1 : 0;
                figures->links += record->link_count;
            }
        });
    });
}

Datum levels_of(const Figures &figures)
{
    Datum levels[highest_level + 1];
    int known = 0;
    for (int level = 0; level <= highest_level; ++level)
    {
        levels[level] = Int64GetDatum(figures.by_level[level]);
        if (figures.by_level[level] > 0)
            known = level + 1;
    }
    return PointerGetDatum(construct_array(levels, known, INT8OID, sizeof(std::int64_t),
                                           FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

}  // namespace
}  // namespace quiver::hnsw

using namespace quiver::hnsw;

QUIVER_FUNCTION(quiver_hnsw_stats)
{
    Relation index = open_for_inspection(PG_GETARG_OID(0));
    Graph graph{index};
    Figures figures;
    count(graph, &figures);
    const MetaPage &meta = graph.meta();
    const Layout &layout = graph.layout();
    const auto pages = [&](const quiver::storage::Section &section) {
        return Int64GetDatum(static_cast<std::int64_t>(section.pages) * meta.chunk_count);
    };
    const bool empty = meta.entry == no_vertex;
    Datum values[] = {
        Int32GetDatum(static_cast<std::int32_t>(meta.version)),
        Int32GetDatum(static_cast<std::int32_t>(meta.dims)),
        Int32GetDatum(meta.m),
        Int32GetDatum(meta.ef_construction),
        Int64GetDatum(figures.vertices),
        Int64GetDatum(figures.rows),
        Int64GetDatum(figures.without_rows),
        Int64GetDatum(figures.free),
        Int64GetDatum(figures.unused),
        Int32GetDatum(static_cast<std::int32_t>(meta.entry_level)),
        levels_of(figures),
        Float8GetDatum(figures.vertices == 0 ? 0
                                             : static_cast<double>(figures.links) /
                                                   static_cast<double>(figures.vertices)),
        Int64GetDatum(RelationGetNumberOfBlocks(index)),
        pages(layout.links),
        pages(layout.codes),
        pages(layout.attributes),
        pages(layout.values),
        Int32GetDatum(static_cast<std::int32_t>(meta.vertices_per_chunk)),
    };
    bool nulls[lengthof(values)] = {};
    nulls[9] = empty;
    index_close(index, AccessShareLock);
    return make_result(fcinfo, values, nulls);
}

QUIVER_FUNCTION(quiver_hnsw_last_scan)
{
    const ScanCounts &counts = last_scan_counts();
    Datum values[] = {Int64GetDatum(counts.expanded), Int64GetDatum(counts.distances),
                      Int64GetDatum(counts.reranked), Int64GetDatum(counts.copied)};
    bool nulls[lengthof(values)] = {};
    return make_result(fcinfo, values, nulls);
}
