// Collect history rows by key and bring them into order of time.
#include "features/window_store.hpp"

#include "features/asof_hash.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::features {
namespace {

constexpr std::size_t least_keys = 64;
constexpr std::size_t least_rows = 1024;

template <typename T> T *huge(MemoryContext context, std::size_t count)
{
    return static_cast<T *>(
        MemoryContextAllocHuge(context, sizeof(T) * std::max<std::size_t>(count, 1)));
}

bool is_small_integer(Ordinal kind) { return kind == Ordinal::int2 || kind == Ordinal::int4; }

// `places[i]` is where row i belongs.
template <typename T>
T *moved(MemoryContext context, T *from, const std::uint64_t *places, std::size_t rows)
{
    T *to = huge<T>(context, rows);
    for (std::size_t i = 0; i < rows; ++i)
        to[places[i]] = from[i];
    pfree(from);
    return to;
}

}  // namespace

WindowStore::WindowStore(Values &values, const WindowPlan &plan, TupleDesc history)
    : context_{CurrentMemoryContext},
      payload_context_{AllocSetContextCreate(CurrentMemoryContext, "quiver window values",
                                             ALLOCSET_DEFAULT_SIZES)},
      values_{values},
      plan_{plan},
      integer_key_{values.history_key != Ordinal::none},
      column_count_{plan.join.payload_count}
{
    columns_ = static_cast<WindowColumn *>(
        palloc0(sizeof(WindowColumn) * static_cast<std::size_t>(column_count_ + 1)));
    for (int i = 0; i < column_count_; ++i)
    {
        const Form_pg_attribute attribute =
            TupleDescAttr(history, plan.join.payloads[i].history - 1);
        const Oid family =
            lookup_type_cache(attribute->atttypid, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
        columns_[i].ordinal = ordinal_of(attribute->atttypid, attribute->atttypid, family);
        columns_[i].length = attribute->attlen;
        columns_[i].by_value = attribute->attbyval;
    }
    grow_keys();
    make_room();
}

std::size_t WindowStore::row_bytes() const
{
    // Time and key; a column's value and whether it is there; a column on its way to its place.
    return sizeof(std::int64_t) * 3 + sizeof(std::uint32_t) +
           static_cast<std::size_t>(column_count_) * (sizeof(Datum) + 1);
}

std::size_t WindowStore::memory() const
{
    return (key_mask_ + 1) * sizeof(WindowKey) + rows_ * row_bytes() +
           MemoryContextMemAllocated(payload_context_, false);
}

bool WindowStore::equal(const Datum *keys, std::uint64_t stored, Functions function)
{
    const auto *right = reinterpret_cast<const Datum *>(stored);
    for (int i = 0; i < values_.key_count; ++i)
    {
        KeyFunctions &key = values_.keys[i];
        if (!DatumGetBool(FunctionCall2Coll(&(key.*function), key.collation, keys[i], right[i])))
            return false;
    }
    return true;
}

// An empty place has no address, and as an integer key the mark of a count that no key has.
WindowKey *WindowStore::find(const Datum *keys, bool of_spine, bool insert)
{
    constexpr std::uint32_t free_place = UINT32_MAX;
    const Ordinal ordinal = of_spine ? values_.spine_key : values_.history_key;
    const std::uint64_t integer =
        integer_key_ ? static_cast<std::uint64_t>(to_ordinal(ordinal, keys[0])) : 0;
    const std::uint32_t hash = integer_key_ ? 0
                                            : hash_keys(values_, keys,
                                                        of_spine ? &KeyFunctions::hash_spine
                                                                 : &KeyFunctions::hash_history);
    std::uint64_t at = (integer_key_ ? hash_integer(integer) : spread(hash)) & key_mask_;
    for (; keys_[at].count != free_place; at = (at + 1) & key_mask_)
    {
        if (integer_key_ ? keys_[at].key == integer
                         : keys_[at].hash == hash &&
                               equal(keys, keys_[at].key,
                                     of_spine ? &KeyFunctions::same : &KeyFunctions::equal))
            return &keys_[at];
    }
    if (!insert)
        return nullptr;
    WindowKey &key = keys_[at];
    key = WindowKey{integer, hash, 0, 0, INT64_MAX, INT64_MIN};
    if (!integer_key_)
    {
        MemoryContext caller = MemoryContextSwitchTo(payload_context_);
        auto *copy = static_cast<Datum *>(
            palloc(sizeof(Datum) * static_cast<std::size_t>(values_.key_count + 1)));
        for (int i = 0; i < values_.key_count; ++i)
            copy[i] = datumCopy(keys[i], values_.keys[i].by_value, values_.keys[i].length);
        key.key = reinterpret_cast<std::uint64_t>(copy);
        MemoryContextSwitchTo(caller);
    }
    ++key_count_;
    return &key;
}

void WindowStore::grow_keys()
{
    WindowKey *old = keys_;
    const std::uint64_t old_size = old != nullptr ? key_mask_ + 1 : 0;
    const std::uint64_t size = old != nullptr ? old_size * 2 : least_keys;
    keys_ = huge<WindowKey>(context_, size);
    key_mask_ = size - 1;
    for (std::uint64_t i = 0; i < size; ++i)
        keys_[i].count = UINT32_MAX;
    for (std::uint64_t i = 0; i < old_size; ++i)
    {
        if (old[i].count == UINT32_MAX)
            continue;
        std::uint64_t at =
            (integer_key_ ? hash_integer(old[i].key) : spread(old[i].hash)) & key_mask_;
        while (keys_[at].count != UINT32_MAX)
            at = (at + 1) & key_mask_;
        keys_[at] = old[i];
    }
    if (old != nullptr)
        pfree(old);
}

void WindowStore::make_room()
{
    const std::size_t room = std::max(least_rows, room_ * 2);
    const auto grown = [this, room](auto *array) {
        using T = std::remove_pointer_t<decltype(array)>;
        return array == nullptr ? huge<T>(context_, room)
                                : static_cast<T *>(repalloc_huge(array, sizeof(T) * room));
    };
    times_ = grown(times_);
    owners_ = grown(owners_);
    for (int i = 0; i < column_count_; ++i)
    {
        columns_[i].values = grown(columns_[i].values);
        columns_[i].nulls = grown(columns_[i].nulls);
    }
    room_ = room;
}

void WindowStore::add_spine(const Datum *keys, const Span &span)
{
    if (key_count_ * 2 > key_mask_)
        grow_keys();
    WindowKey *key = find(keys, true, true);
    key->first = std::min(key->first, span.first);
    key->last = std::max(key->last, span.last);
}

const WindowKey *WindowStore::find_spine(const Datum *keys) { return find(keys, true, false); }

void WindowStore::add_history(const Datum *keys, TupleTableSlot *row)
{
    WindowKey *key = find(keys, false, false);
    if (key == nullptr)
        return;
    const std::int64_t time = to_ordinal(values_.history_time, row->tts_values[values_.time - 1]);
    if (time < key->first || time > key->last)
        return;
    if (rows_ == room_)
        make_room();
    times_[rows_] = time;
    owners_[rows_] = static_cast<std::uint32_t>(key - keys_);
    ++key->count;
    for (int i = 0; i < column_count_; ++i)
    {
        const int at = plan_.join.payloads[i].history - 1;
        WindowColumn &column = columns_[i];
        const bool is_null = row->tts_isnull[at];
        column.nulls[rows_] = is_null ? 1 : 0;
        column.null_count += is_null ? 1 : 0;
        Datum value = is_null ? 0 : row->tts_values[at];
        if (!column.by_value && !is_null)
        {
            MemoryContext caller = MemoryContextSwitchTo(payload_context_);
            value = column.length == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(value))
                                        : datumCopy(value, false, column.length);
            MemoryContextSwitchTo(caller);
        }
        else if (is_small_integer(column.ordinal) && !is_null)
            value = Int64GetDatum(to_ordinal(column.ordinal, value));
        column.values[rows_] = value;
    }
    ++rows_;
}

// Order by time and then as first and last want it.
bool WindowStore::in_order(std::uint64_t a, std::uint64_t b)
{
    if (times_[a] != times_[b])
        return times_[a] < times_[b];
    for (int i = 0; i < values_.tie_count; ++i)
    {
        Tie &tie = values_.ties[i];
        const WindowColumn &column = columns_[tie.payload];
        const int order = ApplySortComparator(column.values[a], column.nulls[a] != 0,
                                              column.values[b], column.nulls[b] != 0, &tie.order);
        if (order != 0)
            return order < 0;
    }
    return true;
}

// Rows mostly come in order of time. Rows that are equal in every way stay in order of arrival.
void WindowStore::sort_key(const WindowKey &key)
{
    const std::uint64_t begin = key.begin, end = key.begin + key.count;
    bool sorted = true;
    for (std::uint64_t i = begin + 1; i < end && sorted; ++i)
        sorted = in_order(i - 1, i);
    if (sorted)
        return;
    CHECK_FOR_INTERRUPTS();
    auto *order = huge<std::uint64_t>(context_, key.count);
    auto *scratch = huge<Datum>(context_, key.count);
    for (std::uint64_t i = 0; i < key.count; ++i)
        order[i] = begin + i;
    std::sort(order, order + key.count, [this](std::uint64_t a, std::uint64_t b) {
        if (a == b)
            return false;
        const bool forward = in_order(a, b), backward = in_order(b, a);
        return forward && backward ? a < b : forward;
    });
    const auto rearrange = [order, scratch, begin, &key](auto *array) {
        using T = std::remove_pointer_t<decltype(array)>;
        auto *copy = reinterpret_cast<T *>(scratch);
        std::memcpy(copy, array + begin, sizeof(T) * key.count);
        for (std::uint64_t i = 0; i < key.count; ++i)
            array[begin + i] = copy[order[i] - begin];
    };
    rearrange(times_);
    for (int i = 0; i < column_count_; ++i)
    {
        rearrange(columns_[i].values);
        if (columns_[i].null_count > 0)
            rearrange(columns_[i].nulls);
    }
    pfree(order);
    pfree(scratch);
}

void WindowStore::link_previous(const WindowKey &key, WindowColumn *column)
{
    auto *order = huge<std::uint32_t>(context_, key.count);
    const Datum *values = column->values + key.begin;
    const Ordinal kind = is_small_integer(column->ordinal) ? Ordinal::int8 : column->ordinal;
    std::uint32_t present = 0;
    for (std::uint32_t i = 0; i < key.count; ++i)
    {
        if (column->null_count == 0 || column->nulls[key.begin + i] == 0)
            order[present++] = i;
    }
    std::sort(order, order + present, [values, kind](std::uint32_t a, std::uint32_t b) {
        const std::int64_t left = to_ordinal(kind, values[a]), right = to_ordinal(kind, values[b]);
        return left != right ? left < right : a < b;
    });
    for (std::uint32_t i = 0; i < present; ++i)
    {
        const bool same =
            i > 0 && to_ordinal(kind, values[order[i - 1]]) == to_ordinal(kind, values[order[i]]);
        column->previous[key.begin + order[i]] = same ? order[i - 1] + 1 : 0;
    }
    pfree(order);
}

void WindowStore::permute(const std::uint64_t *places)
{
    times_ = moved(context_, times_, places, rows_);
    for (int i = 0; i < column_count_; ++i)
    {
        columns_[i].values = moved(context_, columns_[i].values, places, rows_);
        if (columns_[i].null_count > 0)
            columns_[i].nulls = moved(context_, columns_[i].nulls, places, rows_);
        CHECK_FOR_INTERRUPTS();
    }
}

void WindowStore::arrange()
{
    std::uint64_t begin = 0;
    for (std::uint64_t i = 0; i <= key_mask_; ++i)
    {
        if (keys_[i].count == UINT32_MAX)
            continue;
        keys_[i].begin = begin;
        begin += keys_[i].count;
    }
    auto *places = huge<std::uint64_t>(context_, rows_);
    for (std::size_t i = 0; i < rows_; ++i)
        places[i] = keys_[owners_[i]].begin++;
    pfree(owners_);
    owners_ = nullptr;
    permute(places);
    pfree(places);
    for (std::uint64_t i = 0; i <= key_mask_; ++i)
    {
        if (keys_[i].count == UINT32_MAX)
            continue;
        keys_[i].begin -= keys_[i].count;
        sort_key(keys_[i]);
    }
    for (int i = 0; i < plan_.count; ++i)
    {
        if (plan_.aggregates[i].kind != WindowKind::distinct || plan_.known >= 0)
            continue;
        WindowColumn &column = columns_[linitial_int(plan_.aggregates[i].columns)];
        if (column.previous != nullptr)
            continue;
        column.previous = huge<std::uint32_t>(context_, rows_);
        for (std::uint64_t key = 0; key <= key_mask_; ++key)
        {
            if (keys_[key].count != UINT32_MAX)
                link_previous(keys_[key], &column);
        }
    }
}

void WindowStore::find_rows(const WindowKey &key, const Span &span, std::uint64_t *begin,
                            std::uint64_t *end) const
{
    const std::int64_t *times = times_ + key.begin;
    const std::int64_t *stop = times + key.count;
    const std::int64_t *low = std::lower_bound(times, stop, span.first);
    *begin = static_cast<std::uint64_t>(low - times_);
    *end = static_cast<std::uint64_t>(std::upper_bound(low, stop, span.last) - times_);
    if (span.first > span.last)
        *end = *begin;
}

}  // namespace quiver::features
