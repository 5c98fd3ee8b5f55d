// Let history rows into the index of the spine, and carry the winners to where they belong.
#include "features/asof_index.hpp"

#include "features/asof_hash.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::features {

std::uint32_t SpineIndex::hash_history(const Datum *keys)
{
    return hash_keys(values_, keys, &KeyFunctions::hash_history);
}

bool SpineIndex::equal_keys(std::uint64_t history, std::uint64_t spine)
{
    const auto *left = reinterpret_cast<const Datum *>(history);
    const auto *right = reinterpret_cast<const Datum *>(spine);
    for (int i = 0; i < values_.key_count; ++i)
    {
        KeyFunctions &key = values_.keys[i];
        if (!DatumGetBool(FunctionCall2Coll(&key.equal, key.collation, left[i], right[i])))
            return false;
    }
    return true;
}

const SpineIndex::Entry *SpineIndex::find(std::uint64_t key, std::uint32_t hash)
{
    std::size_t at = (integer_key_ ? hash_integer(key) : spread(hash)) & entry_mask_;
    for (; entries_[at].count != 0; at = (at + 1) & entry_mask_)
    {
        if (integer_key_ ? entries_[at].key == key
                         : entry_hashes_[at] == hash && equal_keys(key, entries_[at].key))
            return &entries_[at];
    }
    return nullptr;
}

// The first time of the run that may see a row; the row is seen by that one and all later ones.
std::uint32_t SpineIndex::first_slot(const Entry &entry, std::int64_t seen) const
{
    const std::int64_t *begin = times_ + entry.first;
    const std::int64_t *low = begin;
    std::uint32_t left = entry.count;
    // Branch-free halving: a history row's place is a matter of chance.
    if (values_.strict)
    {
        while (left > 1)
        {
            const std::uint32_t half = left / 2;
            low += low[half - 1] <= seen ? half : 0;
            left -= half;
        }
        low += left == 1 && *low <= seen ? 1 : 0;
    }
    else
    {
        while (left > 1)
        {
            const std::uint32_t half = left / 2;
            low += low[half - 1] < seen ? half : 0;
            left -= half;
        }
        low += left == 1 && *low < seen ? 1 : 0;
    }
    const auto place = static_cast<std::uint32_t>(low - begin);
    return place == entry.count ? no_slot : entry.first + place;
}

// ORDER BY after the time: negative if the row comes first.
int SpineIndex::compare_ties(const Arrival &row, const Record &record)
{
    if (!flat_ && values_.tie_count > 0)
        ExecStoreMinimalTuple(record.tuple(), record_tuples_[0], false);
    for (int i = 0; i < values_.tie_count; ++i)
    {
        Tie &tie = values_.ties[i];
        bool is_null = flat_ && record.is_null(tie.payload);
        const Datum value = flat_ ? record.values[tie.payload]
                                  : slot_getattr(record_tuples_[0], tie.payload + 1, &is_null);
        const int order =
            ApplySortComparator(row.values[tie.payload], ((row.nulls >> tie.payload) & 1) != 0,
                                value, is_null, &tie.order);
        if (order != 0)
            return order;
    }
    return 0;
}

bool SpineIndex::wins(const Arrival &row, const Record &record)
{
    if (!record.is_filled() || row.time > record.time)
        return true;
    return row.time == record.time && compare_ties(row, record) < 0;
}

void SpineIndex::store_flat(const Arrival &row, Record *record)
{
    record->state = row.nulls | Record::filled;
    record->time = row.time;
    std::memcpy(record->values, row.values,
                static_cast<std::size_t>(payload_->natts) * sizeof(Datum));
    ++kept_;
}

// Over the tuple that was there, if it has room.
bool SpineIndex::store_tuple(const Arrival &row, Record *record)
{
    ExecClearTuple(row_tuple_);
    for (int i = 0; i < payload_->natts; ++i)
    {
        row_tuple_->tts_values[i] = row.values[i];
        row_tuple_->tts_isnull[i] = ((row.nulls >> i) & 1) != 0;
    }
    ExecStoreVirtualTuple(row_tuple_);
    MinimalTuple formed = ExecCopySlotMinimalTuple(row_tuple_);
    const std::size_t size = MAXALIGN(formed->t_len);
    if (!record->is_filled() || size > static_cast<std::size_t>(record->values[1]))
    {
        if (used_ + size > budget_)
            return false;
        record->values[0] = PointerGetDatum(MemoryContextAllocHuge(memory_, size));
        record->values[1] = static_cast<Datum>(size);
        use(size + 2 * sizeof(void *));
    }
    std::memcpy(DatumGetPointer(record->values[0]), formed, formed->t_len);
    pfree(formed);
    record->state = Record::filled;
    record->time = row.time;
    ++kept_;
    return true;
}

bool SpineIndex::offer(const Arrival &row)
{
    const Entry *entry = find(row.key, row.hash);
    const std::uint32_t slot = entry != nullptr ? first_slot(*entry, row.seen) : no_slot;
    if (slot == no_slot || !wins(row, *record(slot)))
        return true;
    if (!flat_)
        return store_tuple(row, record(slot));
    store_flat(row, record(slot));
    return true;
}

void SpineIndex::offer_flat(const Arrival *rows, int count)
{
    const Entry *found[batch_size];
    std::uint32_t slots[batch_size];
    for (int i = 0; i < count; ++i)
        __builtin_prefetch(&entries_[hash_integer(rows[i].key) & entry_mask_]);
    for (int i = 0; i < count; ++i)
    {
        found[i] = find(rows[i].key, 0);
        if (found[i] != nullptr)
            __builtin_prefetch(times_ + found[i]->first + found[i]->count / 2);
    }
    for (int i = 0; i < count; ++i)
    {
        slots[i] = found[i] != nullptr ? first_slot(*found[i], rows[i].seen) : no_slot;
        if (slots[i] != no_slot)
            __builtin_prefetch(record(slots[i]), 1);
    }
    for (int i = 0; i < count; ++i)
    {
        if (slots[i] != no_slot && wins(rows[i], *record(slots[i])))
            store_flat(rows[i], record(slots[i]));
    }
}

bool SpineIndex::newer(const Record &a, const Record &b)
{
    if (!a.is_filled() || !b.is_filled())
        return a.is_filled();
    if (a.time != b.time || values_.tie_count == 0)
        return a.time > b.time;
    if (!flat_)
    {
        ExecStoreMinimalTuple(a.tuple(), record_tuples_[0], false);
        ExecStoreMinimalTuple(b.tuple(), record_tuples_[1], false);
    }
    for (int i = 0; i < values_.tie_count; ++i)
    {
        const int at = values_.ties[i].payload;
        bool nulls[2] = {flat_ && a.is_null(at), flat_ && b.is_null(at)};
        const Datum left =
            flat_ ? a.values[at] : slot_getattr(record_tuples_[0], at + 1, &nulls[0]);
        const Datum right =
            flat_ ? b.values[at] : slot_getattr(record_tuples_[1], at + 1, &nulls[1]);
        const int order =
            ApplySortComparator(left, nulls[0], right, nulls[1], &values_.ties[i].order);
        if (order != 0)
            return order < 0;
    }
    return false;
}

void SpineIndex::finish()
{
    for (std::size_t at = 0; at <= entry_mask_; ++at)
    {
        const Entry &entry = entries_[at];
        if ((at & 0xffff) == 0)
            CHECK_FOR_INTERRUPTS();
        for (std::uint32_t slot = entry.first + 1; slot < entry.first + entry.count; ++slot)
        {
            if (newer(*record(slot - 1), *record(slot)))
                std::memcpy(static_cast<void *>(record(slot)), record(slot - 1), stride_);
        }
    }
}

const Record *SpineIndex::winner(std::size_t row) const
{
    const std::uint32_t slot = row_slots_[row];
    return slot != no_slot && record(slot)->is_filled() ? record(slot) : nullptr;
}

}  // namespace quiver::features
