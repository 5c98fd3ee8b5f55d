// SQL's view of the mergeable sketches: aggregates that make and merge them, functions that read them.
//
// A stored sketch is a bytea: magic, then the state. What is read is checked, as anybody can write a bytea.
#include "pg/query.hpp"

#include "kernels/sketch_distinct.hpp"
#include "kernels/sketch_quantile.hpp"
#include "pg/function.hpp"

#include <cmath>

namespace quiver::features {
namespace {

using kernels::DistinctSketch;
using kernels::QuantileSketch;

constexpr std::uint32_t quantile_magic = 0x31515651;  // QVQ1
constexpr std::uint32_t distinct_magic = 0x31445651;  // QVD1

struct QuantileState
{
    QuantileSketch sketch;
    int room;  // levels
};

// The stored form; the values of each level follow, bottom first.
struct QuantileHeader
{
    std::uint32_t magic;
    std::int32_t levels;
    std::int64_t count;
    double least;
    double greatest;
    std::uint64_t coin;
    std::int32_t sizes[QuantileSketch::most_levels];
};
static_assert(sizeof(QuantileHeader) == 40 + 4 * QuantileSketch::most_levels);

[[noreturn]] void refuse(const char *kind)
{
    ereport(ERROR, errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
            errmsg("the value is no %s sketch", kind));
}

MemoryContext aggregate_context(FunctionCallInfo fcinfo)
{
    MemoryContext context = nullptr;
    if (AggCheckCallContext(fcinfo, &context) == 0)
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("a sketch's transition is called outside of an aggregate"));
    return context;
}

QuantileState *new_state(MemoryContext context)
{
    auto *state = static_cast<QuantileState *>(MemoryContextAlloc(context, sizeof(QuantileState)));
    state->room = kernels::quantile_levels(1);
    auto *values = static_cast<double *>(MemoryContextAlloc(
        context, sizeof(double) * static_cast<std::size_t>(kernels::quantile_room(state->room))));
    kernels::quantile_begin(&state->sketch, values);
    return state;
}

void make_room(QuantileState *state, std::int64_t count)
{
    const int levels = kernels::quantile_levels(count);
    if (levels <= state->room)
        return;
    state->sketch.values = static_cast<double *>(
        repalloc(state->sketch.values,
                 sizeof(double) * static_cast<std::size_t>(kernels::quantile_room(levels))));
    state->room = levels;
}

bytea *store(const QuantileSketch &sketch)
{
    std::size_t values = 0;
    for (int level = 0; level < sketch.levels; level++)
        values += static_cast<std::size_t>(sketch.sizes[level]);
    const std::size_t size = VARHDRSZ + sizeof(QuantileHeader) + values * sizeof(double);
    auto *result = static_cast<bytea *>(palloc0(size));
    SET_VARSIZE(result, size);
    QuantileHeader header{quantile_magic,
                          sketch.levels,
                          sketch.count,
                          sketch.least,
                          sketch.greatest,
                          sketch.coin,
                          {}};
    char *to = VARDATA(result) + sizeof(header);
    for (int level = 0; level < sketch.levels; level++)
    {
        header.sizes[level] = sketch.sizes[level];
        const std::size_t bytes = static_cast<std::size_t>(sketch.sizes[level]) * sizeof(double);
        memcpy(to, sketch.values + kernels::quantile_room(level), bytes);
        to += bytes;
    }
    memcpy(VARDATA(result), &header, sizeof(header));
    return result;
}

// A stored sketch in memory of its own.
QuantileState *fetch(bytea *stored)
{
    const std::size_t size = VARSIZE_ANY_EXHDR(stored);
    QuantileHeader header;
    if (size < sizeof(header))
        refuse("quantile");
    memcpy(&header, VARDATA_ANY(stored), sizeof(header));
    if (header.magic != quantile_magic || header.levels < 1 ||
        header.levels > QuantileSketch::most_levels)
        refuse("quantile");
    std::size_t values = 0;
    std::int64_t count = 0;
    for (int level = 0; level < header.levels; level++)
    {
        if (header.sizes[level] < 0 || header.sizes[level] > QuantileSketch::width)
            refuse("quantile");
        values += static_cast<std::size_t>(header.sizes[level]);
        count += static_cast<std::int64_t>(header.sizes[level]) << level;
    }
    if (size != sizeof(header) + values * sizeof(double) || count != header.count || count == 0)
        refuse("quantile");
    QuantileState *state = new_state(CurrentMemoryContext);
    make_room(state, count);
    if (header.levels > state->room)
        refuse("quantile");
    QuantileSketch &sketch = state->sketch;
    sketch.count = count;
    sketch.least = header.least;
    sketch.greatest = header.greatest;
    sketch.coin = header.coin;
    sketch.levels = header.levels;
    const char *from = VARDATA_ANY(stored) + sizeof(header);
    for (int level = 0; level < header.levels; level++)
    {
        const std::size_t bytes = static_cast<std::size_t>(header.sizes[level]) * sizeof(double);
        sketch.sizes[level] = header.sizes[level];
        memcpy(sketch.values + kernels::quantile_room(level), from, bytes);
        from += bytes;
    }
    return state;
}

void merge_into(QuantileState *state, const QuantileState *other)
{
    make_room(state, state->sketch.count + other->sketch.count);
    kernels::quantile_merge(&state->sketch, &other->sketch);
}

struct Sorted
{
    double *values;
    std::int64_t *weights;
    int size;
};

Sorted sorted(const QuantileState *state)
{
    const auto most =
        std::size_t{QuantileSketch::width} * static_cast<std::size_t>(state->sketch.levels);
    Sorted result{static_cast<double *>(palloc(sizeof(double) * most)),
                  static_cast<std::int64_t *>(palloc(sizeof(std::int64_t) * most)), 0};
    result.size = kernels::quantile_sorted(&state->sketch, result.values, result.weights);
    return result;
}

DistinctSketch *fetch_distinct(bytea *stored)
{
    std::uint32_t magic;
    if (VARSIZE_ANY_EXHDR(stored) != sizeof(magic) + sizeof(DistinctSketch))
        refuse("distinct");
    memcpy(&magic, VARDATA_ANY(stored), sizeof(magic));
    if (magic != distinct_magic)
        refuse("distinct");
    return reinterpret_cast<DistinctSketch *>(VARDATA_ANY(stored) + sizeof(magic));
}

template <typename T> T *state_argument(FunctionCallInfo fcinfo)
{
    return PG_ARGISNULL(0) ? nullptr : reinterpret_cast<T *>(PG_GETARG_POINTER(0));
}

DistinctSketch *distinct_state(FunctionCallInfo fcinfo)
{
    auto *state = state_argument<DistinctSketch>(fcinfo);
    return state != nullptr ? state
                            : static_cast<DistinctSketch *>(MemoryContextAllocZero(
                                  aggregate_context(fcinfo), sizeof(DistinctSketch)));
}

}  // namespace
}  // namespace quiver::features

using namespace quiver::features;
namespace kernels = quiver::kernels;

// NULL and NaN are no values of an order and are passed over.
QUIVER_FUNCTION(sketch_quantile_add)
{
    auto *state = state_argument<QuantileState>(fcinfo);
    if (!PG_ARGISNULL(1) && !std::isnan(PG_GETARG_FLOAT8(1)))
    {
        if (state == nullptr)
            state = new_state(aggregate_context(fcinfo));
        make_room(state, state->sketch.count + 1);
        kernels::quantile_add(&state->sketch, PG_GETARG_FLOAT8(1));
    }
    if (state == nullptr)
        PG_RETURN_NULL();
    PG_RETURN_POINTER(state);
}

QUIVER_FUNCTION(sketch_quantile_merge)
{
    auto *state = state_argument<QuantileState>(fcinfo);
    if (!PG_ARGISNULL(1))
    {
        if (state == nullptr)
            state = new_state(aggregate_context(fcinfo));
        merge_into(state, fetch(PG_GETARG_BYTEA_PP(1)));
    }
    if (state == nullptr)
        PG_RETURN_NULL();
    PG_RETURN_POINTER(state);
}

QUIVER_FUNCTION(sketch_quantile_combine)
{
    auto *state = state_argument<QuantileState>(fcinfo);
    if (!PG_ARGISNULL(1))
    {
        if (state == nullptr)
            state = new_state(aggregate_context(fcinfo));
        merge_into(state, reinterpret_cast<QuantileState *>(PG_GETARG_POINTER(1)));
    }
    if (state == nullptr)
        PG_RETURN_NULL();
    PG_RETURN_POINTER(state);
}

QUIVER_FUNCTION(sketch_quantile_store)
{
    (void) aggregate_context(fcinfo);
    PG_RETURN_BYTEA_P(store(reinterpret_cast<QuantileState *>(PG_GETARG_POINTER(0))->sketch));
}

QUIVER_FUNCTION(sketch_quantile_fetch)
{
    (void) aggregate_context(fcinfo);
    PG_RETURN_POINTER(fetch(PG_GETARG_BYTEA_PP(0)));
}

QUIVER_FUNCTION(sketch_count) { PG_RETURN_INT64(fetch(PG_GETARG_BYTEA_PP(0))->sketch.count); }

QUIVER_FUNCTION(sketch_quantile)
{
    const double fraction = PG_GETARG_FLOAT8(1);
    if (!(fraction >= 0 && fraction <= 1))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("a fraction must be between 0 and 1, not %g", fraction));
    const QuantileState *state = fetch(PG_GETARG_BYTEA_PP(0));
    if (fraction == 0)
        PG_RETURN_FLOAT8(state->sketch.least);
    if (fraction == 1)
        PG_RETURN_FLOAT8(state->sketch.greatest);
    const Sorted list = sorted(state);
    PG_RETURN_FLOAT8(
        kernels::quantile_at(list.values, list.weights, list.size, state->sketch.count, fraction));
}

QUIVER_FUNCTION(sketch_rank)
{
    const QuantileState *state = fetch(PG_GETARG_BYTEA_PP(0));
    const Sorted list = sorted(state);
    PG_RETURN_FLOAT8(kernels::quantile_rank(list.values, list.weights, list.size,
                                            state->sketch.count, PG_GETARG_FLOAT8(1)));
}

QUIVER_FUNCTION(sketch_distinct_add)
{
    DistinctSketch *state = distinct_state(fcinfo);
    if (PG_ARGISNULL(1))
        PG_RETURN_POINTER(state);
    auto *cache = static_cast<TypeCacheEntry *>(fcinfo->flinfo->fn_extra);
    if (cache == nullptr)
    {
        cache = lookup_type_cache(get_fn_expr_argtype(fcinfo->flinfo, 1),
                                  TYPECACHE_HASH_EXTENDED_PROC_FINFO);
        if (!OidIsValid(cache->hash_extended_proc))
            ereport(
                ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION),
                errmsg("type %s has no extended hash function", format_type_be(cache->type_id)));
        fcinfo->flinfo->fn_extra = cache;
    }
    std::uint64_t hash =
        DatumGetUInt64(FunctionCall2Coll(&cache->hash_extended_proc_finfo, cache->typcollation,
                                         PG_GETARG_DATUM(1), Int64GetDatum(0)));
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdu;
    hash ^= hash >> 33;
    kernels::distinct_add(state, hash);
    PG_RETURN_POINTER(state);
}

QUIVER_FUNCTION(sketch_distinct_merge)
{
    DistinctSketch *state = distinct_state(fcinfo);
    if (!PG_ARGISNULL(1))
        kernels::distinct_merge(state, fetch_distinct(PG_GETARG_BYTEA_PP(1)));
    PG_RETURN_POINTER(state);
}

QUIVER_FUNCTION(sketch_distinct_store)
{
    constexpr std::size_t size = VARHDRSZ + sizeof(distinct_magic) + sizeof(DistinctSketch);
    auto *result = static_cast<bytea *>(palloc(size));
    SET_VARSIZE(result, size);
    memcpy(VARDATA(result), &distinct_magic, sizeof(distinct_magic));
    memcpy(VARDATA(result) + sizeof(distinct_magic), PG_GETARG_POINTER(0), sizeof(DistinctSketch));
    PG_RETURN_BYTEA_P(result);
}

QUIVER_FUNCTION(sketch_distinct_count)
{
    PG_RETURN_FLOAT8(kernels::distinct_count(fetch_distinct(PG_GETARG_BYTEA_PP(0))));
}
