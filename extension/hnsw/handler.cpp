// The access method as PostgreSQL sees it.
#include "hnsw/hnsw.hpp"

#include "hnsw/access.hpp"
#include "hnsw/attribute.hpp"
#include "hnsw/build.hpp"
#include "hnsw/insert.hpp"
#include "hnsw/options.hpp"
#include "hnsw/planned_scan.hpp"

#include "pg/function.hpp"

namespace quiver::hnsw {

constinit bool index_is_known = false;

namespace {

constexpr std::int64_t phase_loading = 2;  // 1 is "initializing"

char *build_phase_name(std::int64_t phase)
{
    // The caller does not write to it.
    if (phase == PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE)
        return const_cast<char *>("initializing");
    if (phase == phase_loading)
        return const_cast<char *>("loading tuples");
    return nullptr;
}

IndexBuildResult *build(Relation heap, Relation index, IndexInfo *info)
{
    MetaPage meta;
    describe_index(index, &meta);
    const Space space = make_space(meta.value_kind, meta.metric, meta.dims);
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, phase_loading);
    const BuildCounts counts = build_index({heap, index, info, &space, &meta});
    auto *result = static_cast<IndexBuildResult *>(palloc(sizeof(IndexBuildResult)));
    result->heap_tuples = counts.heap_rows;
    result->index_tuples = counts.indexed_rows;
    return result;
}

// The init fork of an unlogged index: an empty one, logged.
void build_empty(Relation index)
{
    MetaPage meta;
    describe_index(index, &meta);
    GraphWriter writer{index, meta, nullptr, INIT_FORKNUM};
    writer.finish(no_vertex, 0);
    log_newpage_range(index, INIT_FORKNUM, 0, RelationGetNumberOfBlocksInFork(index, INIT_FORKNUM),
                      true);
}

bool insert(Relation index, Datum *values, bool *isnull, ItemPointer tid, Relation,
            IndexUniqueCheck, bool, IndexInfo *)
{
    if (isnull[0])
        return false;
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "hnsw insert", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    MetaCopy meta;
    read_meta(index, &meta);
    const Space space = make_space(meta->value_kind, meta->metric, meta->dims);
    Value value;
    if (form_value(space, values[0], &value))
        insert_row(index, {value, AttributeForm{index, *meta}.form(values, isnull), *tid}, true);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
    return false;
}

// Classes are quiver's own; whether a class is usable is known when an index is made.
bool validate(Oid) { return true; }

void describe(IndexAmRoutine *am)
{
    am->amstrategies = 0;
    am->amsupport = 3;  // the third is for classes written for pgvector
    am->amcanorderbyop = true;
    am->amoptionalkey = true;
    am->amcanmulticol = true;
    am->amsearcharray = true;
    am->amsearchnulls = true;
    am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;
    am->amkeytype = InvalidOid;
    am->ambuild = build;
    am->ambuildempty = build_empty;
    am->aminsert = insert;
    am->ambulkdelete = bulk_delete;
    am->amvacuumcleanup = vacuum_cleanup;
    am->amcostestimate = estimate_cost;
    am->amoptions = parse_options;
    am->ambuildphasename = build_phase_name;
    am->amvalidate = validate;
    am->ambeginscan = begin_scan;
    am->amrescan = rescan;
    am->amgettuple = get_tuple;
    am->amendscan = end_scan;
    pg::describe_index_build(am, true);
}

}  // namespace

void install()
{
    define_options();
    install_planner_hook();
    define_planned_scans();
    define_explain();
}

}  // namespace quiver::hnsw

// A node made here is all zeros and nulls: what is not named is not supported.
QUIVER_FUNCTION(hnswhandler)
{
    auto *am = makeNode(IndexAmRoutine);
    quiver::hnsw::describe(am);
    quiver::hnsw::index_is_known = true;
    PG_RETURN_POINTER(am);
}
