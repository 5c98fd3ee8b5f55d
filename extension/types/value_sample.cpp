// ANALYZE of columns of our types: beside what it keeps of every type, a sample of the values.
#include "types/value_sample.hpp"

#include "pg/function.hpp"
#include "pg/varlena.hpp"
#include "types/dense.hpp"

#include <algorithm>

namespace quiver::types {

namespace {

// At the default statistics target of 100. Every session that plans a query of the column keeps a copy.
constexpr double sample_bytes = 256 * 1024.0;
constexpr double sample_values = 1000;
constexpr double default_target = 100;
constexpr int rows_per_target = 300;  // that std_typanalyze() asks for

// What stands in for the server's own extra data of a column.
struct Analysis
{
    AnalyzeAttrComputeStatsFunc compute;
    void *extra;
    bool may_narrow;
};

// Fetched the server's way: a sample leaves most values out, and would only unlearn where the table's next one lies (pg/toast.hpp).
Datum whole(Datum value)
{
    return PointerGetDatum(detoast_attr(reinterpret_cast<varlena *>(DatumGetPointer(value))));
}

// A vector's values as halves; null if one does not fit.
bytea *narrowed(Datum value)
{
    const View<float> vector{value};
    HalfVector *half = make_dense<Half>(vector.dim());
    Element<Half>::narrow(vector.elements(), half->x, vector.dim());
    for (int i = 0; i < vector.dim(); ++i)
        if (is_infinite(half->x[i]))
            return nullptr;
    return reinterpret_cast<bytea *>(half);
}

// A copy with a header of four bytes.
bytea *as_stored(Datum value)
{
    const pg::Varlena whole{value};
    auto *copy = static_cast<bytea *>(palloc(VARHDRSZ + whole.size()));
    SET_VARSIZE(copy, VARHDRSZ + whole.size());
    std::memcpy(VARDATA(copy), whole.bytes(), whole.size());
    return copy;
}

// The rows of ANALYZE's sample whose value is not null.
int *rows_with_value(VacAttrStatsP stats, AnalyzeAttrFetchFunc fetch, int rows, int *count)
{
    auto *found = static_cast<int *>(palloc(sizeof(int) * static_cast<std::size_t>(rows)));
    *count = 0;
    for (int i = 0; i < rows; ++i)
    {
        bool is_null;
        (void) fetch(stats, i, &is_null);
        if (!is_null)
            found[(*count)++] = i;
    }
    return found;
}

// Values spread evenly over the rows, which come in the order of the table, each from a random place of its stretch. The
// places are the same each time. Returns how many; -1 if one does not fit into halves.
int collect(VacAttrStatsP stats, AnalyzeAttrFetchFunc fetch, const int *rows, int count, int wanted,
            double budget, SampleForm form, Datum *values)
{
    std::uint32_t random = 1;
    int kept = 0;
    for (int i = 0; i < wanted; ++i)
    {
        CHECK_FOR_INTERRUPTS();
        random = random * 1664525 + 1013904223;
        const double place = (i + random / 4294967296.0) / wanted;
        const int row = std::min(count - 1, static_cast<int>(place * count));
        bool is_null;
        const Datum value = whole(fetch(stats, rows[row], &is_null));
        bytea *stored = form == SampleForm::halves ? narrowed(value) : as_stored(value);
        if (stored == nullptr)
            return -1;
        budget -= static_cast<double>(VARSIZE(stored));
        if (budget < 0 && kept > 0)
            break;
        values[kept++] = PointerGetDatum(stored);
    }
    return kept;
}

void keep(VacAttrStatsP stats, int slot, const Datum *values, int count, SampleForm form)
{
    MemoryContext caller = MemoryContextSwitchTo(stats->anl_context);
    auto *kept = static_cast<Datum *>(palloc(sizeof(Datum) * static_cast<std::size_t>(count)));
    for (int i = 0; i < count; ++i)
        kept[i] = datumCopy(values[i], false, -1);
    auto *numbers = static_cast<float4 *>(palloc(sizeof(float4)));
    numbers[0] = static_cast<float4>(form);
    stats->stakind[slot] = value_sample_kind;
    stats->staop[slot] = InvalidOid;
    stats->stacoll[slot] = InvalidOid;
    stats->stavalues[slot] = kept;
    stats->numvalues[slot] = count;
    stats->stanumbers[slot] = numbers;
    stats->numnumbers[slot] = 1;
    stats->statypid[slot] = BYTEAOID;
    stats->statyplen[slot] = -1;
    stats->statypbyval[slot] = false;
    stats->statypalign[slot] = TYPALIGN_INT;
    MemoryContextSwitchTo(caller);
}

void add_sample(VacAttrStatsP stats, AnalyzeAttrFetchFunc fetch, int rows, bool may_narrow)
{
    int slot = 0;
    while (slot < STATISTIC_NUM_SLOTS && stats->stakind[slot] != 0)
        ++slot;
    int count;
    const int *with_value = rows_with_value(stats, fetch, rows, &count);
    if (slot == STATISTIC_NUM_SLOTS || count == 0)
        return;
    const int asked = stats->minrows / rows_per_target;
    const double target = asked / default_target;
    const int most = static_cast<int>(std::clamp(sample_values * target, 1.0, 1.0 * count));
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * static_cast<std::size_t>(most)));
    SampleForm form = may_narrow ? SampleForm::halves : SampleForm::as_stored;
    for (;;)
    {
        bool is_null;
        const Datum first = fetch(stats, with_value[0], &is_null);
        const double size =
            static_cast<double>(toast_raw_datum_size(first)) / (form == SampleForm::halves ? 2 : 1);
        const double budget = sample_bytes * target;
        const int wanted = static_cast<int>(std::clamp(budget / size, 1.0, 1.0 * most));
        const int kept = collect(stats, fetch, with_value, count, wanted, budget, form, values);
        if (kept >= 0)
        {
            keep(stats, slot, values, kept, form);
            return;
        }
        form = SampleForm::as_stored;
    }
}

void compute(VacAttrStatsP stats, AnalyzeAttrFetchFunc fetch, int rows, double total)
{
    auto *analysis = static_cast<Analysis *>(stats->extra_data);
    stats->extra_data = analysis->extra;
    analysis->compute(stats, fetch, rows, total);
    stats->extra_data = analysis;
    if (!stats->stats_valid)
        return;
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "value sample", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    add_sample(stats, fetch, rows, analysis->may_narrow);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
}

bool analyze(VacAttrStatsP stats, bool may_narrow)
{
    if (!std_typanalyze(stats))
        return false;
    auto *analysis = static_cast<Analysis *>(palloc(sizeof(Analysis)));
    *analysis = {stats->compute_stats, stats->extra_data, may_narrow};
    stats->compute_stats = compute;
    stats->extra_data = analysis;
    return true;
}

bool read_own(HeapTuple statistics, ValueSample *sample)
{
    AttStatsSlot slot;
    if (!get_attstatsslot(&slot, statistics, value_sample_kind, InvalidOid,
                          ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS))
        return false;
    *sample = {slot.nvalues, slot.values, nullptr, 1, 0, SampleForm::as_stored};
    if (slot.nnumbers > 0 && slot.numbers[0] == static_cast<float4>(SampleForm::halves))
        sample->form = SampleForm::halves;
    return sample->count > 0;
}

bool read_standard(HeapTuple statistics, ValueSample *sample)
{
    AttStatsSlot common{}, histogram{};
    const bool has_common = get_attstatsslot(&common, statistics, STATISTIC_KIND_MCV, InvalidOid,
                                             ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS);
    const bool has_histogram = get_attstatsslot(&histogram, statistics, STATISTIC_KIND_HISTOGRAM,
                                                InvalidOid, ATTSTATSSLOT_VALUES);
    const int first = has_common ? std::min(common.nvalues, common.nnumbers) : 0;
    const int rest = has_histogram ? histogram.nvalues : 0;
    if (first + rest == 0)
        return false;
    auto *values =
        static_cast<Datum *>(palloc(sizeof(Datum) * static_cast<std::size_t>(first + rest)));
    double left = 1 - reinterpret_cast<Form_pg_statistic>(GETSTRUCT(statistics))->stanullfrac;
    for (int i = 0; i < first; ++i)
    {
        values[i] = common.values[i];
        left -= common.numbers[i];
    }
    for (int i = 0; i < rest; ++i)
        values[first + i] = histogram.values[i];
    *sample = {first + rest,   values,
               common.numbers, rest > 0 ? std::max(left, 0.0) / rest : 0,
               first,          SampleForm::as_stored};
    return true;
}

}  // namespace

bool read_value_sample(HeapTuple statistics, ValueSample *sample)
{
    return read_own(statistics, sample) || read_standard(statistics, sample);
}

}  // namespace quiver::types

QUIVER_FUNCTION(vector_typanalyze)
{
    PG_RETURN_BOOL(
        quiver::types::analyze(reinterpret_cast<VacAttrStatsP>(PG_GETARG_POINTER(0)), true));
}

QUIVER_FUNCTION(value_typanalyze)
{
    PG_RETURN_BOOL(
        quiver::types::analyze(reinterpret_cast<VacAttrStatsP>(PG_GETARG_POINTER(0)), false));
}
