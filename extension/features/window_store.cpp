// Collect history rows under the keys of the spine.
#include "features/window_store.hpp"

#include "features/asof_hash.hpp"

#include <algorithm>

namespace quiver::features {
namespace {

constexpr std::size_t least_keys = 64;
constexpr std::size_t least_rows = 1024;

template <typename T> T *grown(MemoryContext context, T *array, std::size_t room)
{
    return array == nullptr ? huge<T>(context, room)
                            : static_cast<T *>(repalloc_huge(array, sizeof(T) * room));
}

bool is_small_integer(Ordinal kind) { return kind == Ordinal::int2 || kind == Ordinal::int4; }

// Row addresses compare as integers, in the order in which an index gives out equal keys.
Datum as_integer(Datum row_address)
{
    const auto *address = reinterpret_cast<const ItemPointerData *>(DatumGetPointer(row_address));
    return Int64GetDatum(
        static_cast<std::int64_t>((std::uint64_t{ItemPointerGetBlockNumberNoCheck(address)} << 16) |
                                  ItemPointerGetOffsetNumberNoCheck(address)));
}

}  // namespace

WindowStore::WindowStore(Values &values, const WindowPlan &plan, TupleDesc history)
    : context_{CurrentMemoryContext},
      payload_context_{AllocSetContextCreate(CurrentMemoryContext, "quiver window values",
                                             ALLOCSET_DEFAULT_SIZES)},
      values_{values},
      plan_{plan},
      integer_key_{values.history_key != Ordinal::none},
      batched_{integer_key_},
      column_count_{plan.join.payload_count}
{
    columns_ = static_cast<WindowColumn *>(
        palloc0(sizeof(WindowColumn) * static_cast<std::size_t>(column_count_ + 1)));
    for (int i = 0; i < column_count_; ++i)
    {
        const auto *attribute = TupleDescAttr(history, plan.join.payloads[i].history - 1);
        const Oid family =
            lookup_type_cache(attribute->atttypid, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
        columns_[i].ordinal = ordinal_of(attribute->atttypid, attribute->atttypid, family);
        columns_[i].length = attribute->attlen;
        columns_[i].by_value = attribute->attbyval || i == plan.sequence;
        batched_ &= columns_[i].by_value;
    }
    for (int i = 0; i < plan.count; ++i)
    {
        if (plan.aggregates[i].kind == WindowKind::distinct && plan.known < 0)
            columns_[linitial_int(plan.aggregates[i].columns)].linked = true;
    }
    grow_keys();
}

std::size_t WindowStore::row_bytes() const
{
    // Time and place; a column's value and whether it is there; a column on its way to its place.
    return sizeof(std::int64_t) * 2 + sizeof(std::uint32_t) +
           static_cast<std::size_t>(column_count_) * (sizeof(Datum) + 1);
}

std::size_t WindowStore::memory() const
{
    return (key_mask_ + 1) * (sizeof(WindowKey) + sizeof(std::uint32_t)) + rows_ * row_bytes() +
           span_count_ * sizeof(Span) + MemoryContextMemAllocated(payload_context_, false);
}

std::uint64_t WindowStore::place_of(std::uint64_t key) const
{
    const std::uint64_t hash =
        integer_key_ ? hash_integer(key)
                     : spread(static_cast<std::uint32_t>(*reinterpret_cast<const Datum *>(key)));
    return hash & key_mask_;
}

bool WindowStore::equal(const Datum *keys, std::uint32_t hash, std::uint64_t stored,
                        Functions function)
{
    const auto *right = reinterpret_cast<const Datum *>(stored);
    if (*right++ != hash)
        return false;
    for (int i = 0; i < values_.key_count; ++i)
    {
        KeyFunctions &key = values_.keys[i];
        if (!DatumGetBool(FunctionCall2Coll(&(key.*function), key.collation, keys[i], right[i])))
            return false;
    }
    return true;
}

WindowKey *WindowStore::find_integer(std::uint64_t key) const
{
    std::uint64_t at = hash_integer(key) & key_mask_;
    for (; keys_[at].count != WindowKey::no_key; at = (at + 1) & key_mask_)
    {
        if (keys_[at].key == key)
            return &keys_[at];
    }
    return nullptr;
}

WindowKey *WindowStore::find(const Datum *keys, bool of_spine, bool insert)
{
    const Ordinal ordinal = of_spine ? values_.spine_key : values_.history_key;
    const std::uint64_t integer =
        integer_key_ ? static_cast<std::uint64_t>(to_ordinal(ordinal, keys[0])) : 0;
    const std::uint32_t hash = integer_key_ ? 0
                                            : hash_keys(values_, keys,
                                                        of_spine ? &KeyFunctions::hash_spine
                                                                 : &KeyFunctions::hash_history);
    std::uint64_t at = (integer_key_ ? hash_integer(integer) : spread(hash)) & key_mask_;
    for (; keys_[at].count != WindowKey::no_key; at = (at + 1) & key_mask_)
    {
        if (integer_key_ ? keys_[at].key == integer
                         : equal(keys, hash, keys_[at].key,
                                 of_spine ? &KeyFunctions::same : &KeyFunctions::equal))
            return &keys_[at];
    }
    if (!insert)
        return nullptr;
    WindowKey &key = keys_[at];
    key = WindowKey{integer, INT64_MAX, INT64_MIN, 0, 0};
    if (!integer_key_)
    {
        MemoryContext caller = MemoryContextSwitchTo(payload_context_);
        auto *copy = static_cast<Datum *>(
            palloc(sizeof(Datum) * static_cast<std::size_t>(values_.key_count + 1)));
        copy[0] = hash;
        for (int i = 0; i < values_.key_count; ++i)
            copy[i + 1] = datumCopy(keys[i], values_.keys[i].by_value, values_.keys[i].length);
        key.key = reinterpret_cast<std::uint64_t>(copy);
        MemoryContextSwitchTo(caller);
    }
    ++key_count_;
    return &key;
}

void WindowStore::clear_keys(WindowKey *keys, std::size_t room)
{
    for (std::size_t i = 0; i < room; ++i)
        keys[i].count = WindowKey::no_key;
}

void WindowStore::grow_keys()
{
    WindowKey *old = keys_;
    const std::uint64_t old_size = old != nullptr ? key_mask_ + 1 : 0;
    const std::uint64_t size = old != nullptr ? old_size * 2 : least_keys;
    keys_ = huge<WindowKey>(context_, size);
    key_mask_ = size - 1;
    clear_keys(keys_, size);
    for (std::uint64_t i = 0; i < old_size; ++i)
    {
        if (old[i].count == WindowKey::no_key)
            continue;
        std::uint64_t at = place_of(old[i].key);
        while (keys_[at].count != WindowKey::no_key)
            at = (at + 1) & key_mask_;
        keys_[at] = old[i];
    }
    if (old != nullptr)
        pfree(old);
}

void WindowStore::merge_key(WindowKey *keys, std::size_t room, const WindowKey &key)
{
    std::uint64_t at = hash_integer(key.key) & (room - 1);
    while (keys[at].count != WindowKey::no_key && keys[at].key != key.key)
        at = (at + 1) & (room - 1);
    if (keys[at].count == WindowKey::no_key)
    {
        keys[at] = key;
        keys[at].count = 0;
        return;
    }
    keys[at].first = std::min(keys[at].first, key.first);
    keys[at].last = std::max(keys[at].last, key.last);
}

void WindowStore::make_room()
{
    const std::size_t room = std::max(least_rows, room_ * 2);
    times_ = grown(context_, times_, room);
    owners_ = grown(context_, owners_, room);
    for (int i = 0; i < column_count_; ++i)
    {
        columns_[i].values = grown(context_, columns_[i].values, room);
        columns_[i].nulls = grown(context_, columns_[i].nulls, room);
    }
    room_ = room;
}

void WindowStore::add_spine(const Datum *keys, const Span &span)
{
    add_unmatched();
    spans_[span_count_ - 1] = span;
    if (span.first > span.last)
        return;
    if (key_count_ * 2 > key_mask_)
        grow_keys();
    WindowKey *key = find(keys, true, true);
    spans_[span_count_ - 1].key = key->key;
    key->first = std::min(key->first, span.first);
    key->last = std::max(key->last, span.last);
}

void WindowStore::add_unmatched()
{
    if (span_count_ == span_room_)
    {
        span_room_ = std::max(least_rows, span_room_ * 2);
        spans_ = grown(context_, spans_, span_room_);
    }
    spans_[span_count_++] = Span{INT64_MAX, INT64_MIN, INT64_MIN, 0};
}

void WindowStore::share_keys(WindowKey *keys, std::size_t room)
{
    pfree(keys_);
    keys_ = keys;
    key_mask_ = room - 1;
}

void WindowStore::count_rows(std::uint32_t *counts) { counts_ = counts; }

void WindowStore::put_row(TupleTableSlot *row, std::int64_t time, std::size_t at)
{
    times_[at] = time;
    for (int i = 0; i < column_count_; ++i)
    {
        const int from = plan_.join.payloads[i].history - 1;
        WindowColumn &column = columns_[i];
        const bool is_null = row->tts_isnull[from];
        column.nulls[at] = is_null ? 1 : 0;
        Datum value = is_null ? 0 : row->tts_values[from];
        if (!column.by_value && !is_null)
        {
            MemoryContext caller = MemoryContextSwitchTo(payload_context_);
            value = column.length == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(value))
                                        : datumCopy(value, false, column.length);
            MemoryContextSwitchTo(caller);
        }
        else if (i == plan_.sequence && !is_null)
            value = as_integer(value);
        else if (is_small_integer(column.ordinal) && !is_null)
            value = Int64GetDatum(to_ordinal(column.ordinal, value));
        column.values[at] = value;
    }
}

// The row at `from` becomes the last one.
void WindowStore::keep_row(const WindowKey *key, std::size_t from)
{
    const std::size_t at = rows_++;
    const auto place = static_cast<std::uint32_t>(key - keys_);
    owners_[at] = place;
    ++counts_[place];
    if (from != at)
        times_[at] = times_[from];
    for (int i = 0; i < column_count_; ++i)
    {
        WindowColumn &column = columns_[i];
        column.null_count += column.nulls[from];
        if (from == at)
            continue;
        column.values[at] = column.values[from];
        column.nulls[at] = column.nulls[from];
    }
}

// Look up the keys of pending rows side by side, and close the gaps of rows that no window reaches.
void WindowStore::settle()
{
    for (std::uint32_t i = 0; i < pending_; ++i)
    {
        const WindowKey *key = &keys_[hash_integer(pending_keys_[i]) & key_mask_];
        __builtin_prefetch(key);
        __builtin_prefetch(&key->count);
    }
    const std::size_t begin = rows_;
    for (std::uint32_t i = 0; i < pending_; ++i)
    {
        const WindowKey *key = find_integer(pending_keys_[i]);
        const std::int64_t time = times_[begin + i];
        if (key != nullptr && time >= key->first && time <= key->last)
            keep_row(key, begin + i);
    }
    pending_ = 0;
}

void WindowStore::add_history(const Datum *keys, TupleTableSlot *row)
{
    if (counts_ == nullptr)
        counts_ = static_cast<std::uint32_t *>(MemoryContextAllocExtended(
            context_, sizeof(std::uint32_t) * (key_mask_ + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
    if (rows_ + pending_ >= room_)
    {
        // Places are counted in 32 bits.
        if (rows_ >= UINT32_MAX / 2)
            ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("too many history rows for one window join"),
                    errhint("Please set quiver.enable_asof_join = off for this query."));
        make_room();
    }
    const std::int64_t time = to_ordinal(values_.history_time, row->tts_values[values_.time - 1]);
    if (batched_)
    {
        pending_keys_[pending_] =
            static_cast<std::uint64_t>(to_ordinal(values_.history_key, keys[0]));
        put_row(row, time, rows_ + pending_);
        if (++pending_ == batch_size)
            settle();
        return;
    }
    const WindowKey *key = find(keys, false, false);
    if (key == nullptr || time < key->first || time > key->last)
        return;
    put_row(row, time, rows_);
    keep_row(key, rows_);
}

void WindowStore::finish_rows(std::uint64_t *null_counts)
{
    settle();
    for (int i = 0; i < column_count_; ++i)
        __atomic_fetch_add(&null_counts[i], columns_[i].null_count, __ATOMIC_RELAXED);
}

}  // namespace quiver::features
