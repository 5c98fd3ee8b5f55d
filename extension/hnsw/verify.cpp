// Proving an index: structure, reachability, and agreement with the table.
//
// What is damaged enough to stop a search (a page of another kind, a record out of range) is an error with
// ERRCODE_INDEX_CORRUPTED here as there; what a search would survive is reported as a problem. The index
// may be in use meanwhile: a link to a vertex that vacuum has just emptied is no problem.
#include "hnsw/attribute.hpp"
#include "hnsw/inspect.hpp"

#include "pg/function.hpp"

#include <cstring>

namespace quiver::hnsw {

namespace {

constexpr int most_problems = 100;

struct Report
{
    std::int64_t vertices = 0, rows = 0, unreachable = 0, absent_rows = 0, differing_values = 0;
    std::int64_t differing_attributes = 0;
    std::int64_t problem_count = 0;
    ArrayBuildState *problems = nullptr;
    MemoryContext context = CurrentMemoryContext;
};

[[gnu::format(printf, 2, 3)]] void add_problem(Report *report, const char *format, ...)
{
    ++report->problem_count;
    if (report->problem_count > most_problems)
        return;
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void) pg_vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    MemoryContext caller = MemoryContextSwitchTo(report->context);
    report->problems = accumArrayResult(report->problems, CStringGetTextDatum(text), false, TEXTOID,
                                        report->context);
    MemoryContextSwitchTo(caller);
}

struct Proof
{
    Graph graph;
    Report *report;
    VertexSet live;  // by state
    VertexSet free;

    Proof(Relation index, Report *out)
        : graph(index),
          report(out),
          live(graph.meta().vertex_count),
          free(graph.meta().vertex_count)
    {
    }
};

void collect(Proof &proof)
{
    for_link_pages(proof.graph, [&](const LinkPage &page) {
        CHECK_FOR_INTERRUPTS();
        for_records(proof.graph, page, [&](Vertex vertex, const LinkRecord *record) {
            if (record->state() == VertexState::free)
                proof.free.add(vertex);
            if (!record->is_live())
                return;
            proof.live.add(vertex);
            ++proof.report->vertices;
            proof.report->rows += record->tid_count;
            if ((record->level() > 0 || record->tid_count > 1) && !record->extra.exists())
                add_problem(proof.report, "vertex %u at block %u has no extra record", vertex,
                            page.block);
        });
    });
}

void check_list(Proof &proof, Vertex vertex, int layer, const VertexCopy &copy)
{
    VertexCopy other;
    for (int i = 0; i < copy.link_count; ++i)
    {
        const Vertex to = copy.links[i];
        if (!proof.graph.exists(to))
        {
            add_problem(proof.report, "vertex %u links to %u on layer %d, which does not exist",
                        vertex, to, layer);
            continue;
        }
        if (to == vertex)
            add_problem(proof.report, "vertex %u links to itself on layer %d", vertex, layer);
        for (int j = 0; j < i; ++j)
            if (copy.links[j] == to)
                add_problem(proof.report, "vertex %u links to %u twice on layer %d", vertex, to,
                            layer);
        proof.graph.read(to, -1, &other);
        // A vacuum that stopped halfway leaves vertices without rows that lead to what it has freed. Nothing
        // leads to them, and the next frees them too.
        if (!other.leads() && !copy.has_rows())
            continue;
        if (!other.leads())
            add_problem(proof.report, "vertex %u links to %u on layer %d, which is free", vertex,
                        to, layer);
        else if (other.level < layer)
            add_problem(proof.report, "vertex %u links to %u on layer %d, above its level %d",
                        vertex, to, layer, other.level);
    }
}

void check_links(Proof &proof)
{
    VertexCopy copy;
    for (Vertex vertex = 0; vertex < proof.graph.meta().vertex_count; ++vertex)
    {
        if (!proof.live.has(vertex))
            continue;
        CHECK_FOR_INTERRUPTS();
        proof.graph.read(vertex, 0, &copy);
        check_list(proof, vertex, 0, copy);
        const int level = copy.level;
        for (int layer = 1; layer <= level; ++layer)
        {
            proof.graph.read(vertex, layer, &copy);
            check_list(proof, vertex, layer, copy);
        }
    }
}

// Walk the free list: each free vertex once, and as many as the metapage says.
void check_free_list(Proof &proof)
{
    const MetaPage &meta = proof.graph.meta();
    VertexSet seen{meta.vertex_count};
    for (Vertex vertex = meta.free_head; vertex != no_vertex;)
    {
        CHECK_FOR_INTERRUPTS();
        if (vertex >= meta.vertex_count || seen.has(vertex))
        {
            add_problem(proof.report,
                        "the free list leads to %u, out of range or for the second time", vertex);
            return;
        }
        seen.add(vertex);
        pg::Pin pin;
        (void) proof.graph.pin_links(vertex, &pin);
        pin.lock(BUFFER_LOCK_SHARE);
        const LinkRecord *record = proof.graph.link_record(pin.page(), vertex);
        if (record->state() != VertexState::free)
        {
            add_problem(proof.report, "vertex %u of the free list is not free", vertex);
            return;
        }
        vertex = record->links[0];
    }
    if (seen.count() != meta.free_count)
        add_problem(proof.report, "the free list has %zu vertices, the metapage says %u",
                    seen.count(), meta.free_count);
}

// Which vertices the entry point leads to on layer 0; upper layers only shorten the way.
void check_reachable(Proof &proof)
{
    const MetaPage &meta = proof.graph.meta();
    if (meta.entry == no_vertex)
    {
        if (proof.report->rows > 0)
            add_problem(proof.report, "the index has rows and no entry point");
        return;
    }
    if (!proof.live.has(meta.entry))
    {
        add_problem(proof.report, "the entry point %u is not a live vertex", meta.entry);
        return;
    }
    VertexSet reached{meta.vertex_count};
    pg::Array<Vertex> open;
    reached.add(meta.entry);
    open.push_back(meta.entry);
    VertexCopy copy;
    while (!open.empty())
    {
        CHECK_FOR_INTERRUPTS();
        const Vertex vertex = open.back();
        open.pop_back();
        proof.graph.read(vertex, 0, &copy);
        int level = copy.level;
        for (int layer = 0; layer <= level; ++layer)
        {
            if (layer > 0)
                proof.graph.read(vertex, layer, &copy);
            for (int i = 0; i < copy.link_count; ++i)
                if (proof.live.has(copy.links[i]) && !reached.has(copy.links[i]))
                {
                    reached.add(copy.links[i]);
                    open.push_back(copy.links[i]);
                }
        }
    }
    proof.report->unreachable =
        static_cast<std::int64_t>(proof.live.count()) - static_cast<std::int64_t>(reached.count());
}

// Values come from the index as links are chosen by them: a code where no values are kept.
bool differs(Proof &proof, const Value &formed, const Value &value)
{
    const Value same = proof.graph.links_value(formed);
    return same.size != value.size || std::memcmp(same.bytes, value.bytes, value.size) != 0;
}

const char *attributes_of(Proof &proof, Vertex vertex)
{
    auto *record = static_cast<char *>(palloc(proof.graph.meta().attribute_bytes));
    proof.graph.read_attributes(vertex, record);
    return record;
}

bool differs(const AttributeForm &form, const Datum *values, const bool *nulls, const char *record)
{
    return std::memcmp(form.form(values, nulls), record, form.record_bytes()) != 0;
}

// That a vertex's code is its value's.
void check_code(Proof &proof, Vertex vertex, const Value &value)
{
    const std::uint32_t size = proof.graph.meta().code_bytes;
    auto *expected = static_cast<std::uint8_t *>(palloc(size));
    auto *found = static_cast<char *>(palloc(size));
    proof.graph.coder().encode(value.bytes, expected);
    proof.graph.read_code(vertex, found);
    if (std::memcmp(expected, found, size) != 0)
        add_problem(proof.report, "the code of vertex %u is not that of its value", vertex);
}

// Whether a row's place in the table is taken, if only by the mark of a dead one that vacuum will take
// away: pruning leaves that much until the indexes have been cleaned.
bool has_line(Relation heap, const ItemPointerData &tid)
{
    const BlockNumber block = ItemPointerGetBlockNumberNoCheck(&tid);
    const OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(&tid);
    if (block >= RelationGetNumberOfBlocks(heap))
        return false;
    pg::Pin pin{ReadBuffer(heap, block)};
    pin.lock(BUFFER_LOCK_SHARE);
    return offset >= FirstOffsetNumber && offset <= PageGetMaxOffsetNumber(pin.page()) &&
           ItemIdIsUsed(PageGetItemId(pin.page(), offset));
}

// The rows that a vertex names: that they are there, or were, and hold its value.
void check_rows(Proof &proof, Relation heap, IndexInfo *info)
{
    EState *executor = CreateExecutorState();
    ExprContext *econtext = GetPerTupleExprContext(executor);
    TupleTableSlot *slot = table_slot_create(heap, nullptr);
    econtext->ecxt_scantuple = slot;
    IndexFetchTableData *fetch = table_index_fetch_begin(heap);
    ItemPointerData tids[max_heap_tids];
    const MetaPage meta = proof.graph.meta();
    const AttributeForm form{proof.graph.index(), meta};
    proof.graph.renew();
    for (Vertex vertex = 0; vertex < proof.graph.meta().vertex_count; ++vertex)
    {
        CHECK_FOR_INTERRUPTS();
        if (!proof.live.has(vertex))
            continue;
        proof.graph.renew();  // reading values out of line may have dropped the cache
        const int count = proof.graph.read_tids(vertex, tids);
        MemoryContext caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
        const Value value = count > 0 ? proof.graph.value_of(vertex) : Value{};
        const char *attributes = count > 0 && form.any() ? attributes_of(proof, vertex) : nullptr;
        if (count > 0 && proof.graph.is_coded() && proof.graph.keeps_values())
            check_code(proof, vertex, value);
        for (int i = 0; i < count; ++i)
        {
            bool again = false, all_dead = false;
            if (!has_line(heap, tids[i]))
            {
                ++proof.report->absent_rows;
                continue;
            }
            // Of a row that was dead to all, the server may have kept no more than its place.
            if (!table_index_fetch_tuple(fetch, &tids[i], SnapshotAny, slot, &again, &all_dead))
                continue;
            Datum values[INDEX_MAX_KEYS];
            bool nulls[INDEX_MAX_KEYS];
            FormIndexDatum(info, slot, executor, values, nulls);
            Value formed{};
            if (nulls[0] || !form_value(proof.graph.space(), values[0], &formed) ||
                differs(proof, formed, value))
                ++proof.report->differing_values;
            else if (form.any() && differs(form, values, nulls, attributes))
                ++proof.report->differing_attributes;
            ExecClearTuple(slot);
            proof.graph.renew();
        }
        MemoryContextSwitchTo(caller);
        ResetExprContext(econtext);
    }
    table_index_fetch_end(fetch);
    ExecDropSingleTupleTableSlot(slot);
    FreeExecutorState(executor);
    if (proof.report->absent_rows > 0)
        add_problem(proof.report, "%lld pointers lead to no row of the table",
                    static_cast<long long>(proof.report->absent_rows));
    if (proof.report->differing_attributes > 0)
        add_problem(proof.report, "%lld rows have other attributes than their vertex",
                    static_cast<long long>(proof.report->differing_attributes));
    if (proof.report->differing_values > 0)
        add_problem(proof.report, "%lld rows hold another value than their vertex",
                    static_cast<long long>(proof.report->differing_values));
}

}  // namespace
}  // namespace quiver::hnsw

using namespace quiver::hnsw;

QUIVER_FUNCTION(quiver_hnsw_verify)
{
    Relation index = open_for_inspection(PG_GETARG_OID(0));
    Report report;
    {
        auto *proof = new (palloc(sizeof(Proof))) Proof{index, &report};
        collect(*proof);
        check_links(*proof);
        check_free_list(*proof);
        check_reachable(*proof);
        if (PG_GETARG_BOOL(1))
        {
            Relation heap = table_open(index->rd_index->indrelid, AccessShareLock);
            check_rows(*proof, heap, BuildIndexInfo(index));
            table_close(heap, AccessShareLock);
        }
    }
    if (report.problem_count > most_problems)
        add_problem(&report, "and more");
    Datum values[] = {
        Int64GetDatum(report.vertices),
        Int64GetDatum(report.rows),
        Int64GetDatum(report.unreachable),
        Int64GetDatum(report.absent_rows),
        Int64GetDatum(report.differing_values),
        report.problems != nullptr ? makeArrayResult(report.problems, CurrentMemoryContext)
                                   : PointerGetDatum(construct_empty_array(TEXTOID)),
    };
    bool nulls[lengthof(values)] = {};
    index_close(index, AccessShareLock);
    return make_result(fcinfo, values, nulls);
}
