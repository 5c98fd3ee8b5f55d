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
    const auto *right = space_.at<const Datum>(spine);
    for (int i = 0; i < values_.key_count; ++i)
    {
        KeyFunctions &key = values_.keys[i];
        if (!DatumGetBool(
                FunctionCall2Coll(&key.equal, key.collation, left[i], spine_key(right, i))))
            return false;
    }
    return true;
}

const SpineIndex::Entry *SpineIndex::find(std::uint64_t key, std::uint32_t hash)
{
    std::uint64_t at = (integer_key_ ? hash_integer(key) : spread(hash)) & entry_mask_;
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
    // Under a strict bound, the first time that is later than `seen`, else the first not earlier.
    if (values_.strict && seen == INT64_MAX)
        return no_slot;
    const std::int64_t least = values_.strict ? seen + 1 : seen;
    // Branch-free halving: a history row's place is a matter of chance.
    for (std::uint32_t left = entry.count; left > 1;)
    {
        const std::uint32_t half = left / 2;
        low += low[half - 1] < least ? half : 0;
        left -= half;
    }
    low += *low < least ? 1 : 0;
    const auto place = static_cast<std::uint32_t>(low - begin);
    return place == entry.count ? no_slot : entry.first + place;
}

// ORDER BY after the time: negative if the row comes first.
int SpineIndex::compare_ties(const Arrival &row, const Record &record)
{
    if (values_.tie_count == 0)
        return 0;
    if (!flat_)
        ExecStoreMinimalTuple(tuple(record), record_tuples_[0], false);
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

// Whether a row loses for certain, without the lock: a record's time never goes back.
bool SpineIndex::is_older(const Arrival &row, const Record &record)
{
    const std::uint64_t state = __atomic_load_n(&record.state, __ATOMIC_ACQUIRE);
    return (state & Record::filled) != 0 &&
           row.time < __atomic_load_n(&record.time, __ATOMIC_RELAXED);
}

// Held for the time of a copy. An error while it is held ends the query in all processes, and those
// that wait here find out.
void SpineIndex::lock(Record *record)
{
    for (int spins = 0;; ++spins)
    {
        std::uint64_t state = __atomic_load_n(&record->state, __ATOMIC_RELAXED) & ~Record::locked;
        if (__atomic_compare_exchange_n(&record->state, &state, state | Record::locked, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return;
        if (spins % 128 == 127)
        {
            CHECK_FOR_INTERRUPTS();
            pg_usleep(10);
        }
    }
}

void SpineIndex::unlock(Record *record, std::uint64_t state)
{
    __atomic_store_n(&record->state, state & ~Record::locked, __ATOMIC_RELEASE);
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
        record->values[0] = tuples_.take(space_, size, &header_->tuples, &header_->tuple_bytes);
        record->values[1] = static_cast<Datum>(size);
    }
    std::memcpy(space_.at(record->values[0]), formed, formed->t_len);
    pfree(formed);
    return space_.is_shared() || memory() <= budget_;
}

// The row is the record's new winner; the state is the caller's to set.
bool SpineIndex::store(const Arrival &row, Record *record)
{
    bool fits = true;
    if (flat_)
        std::memcpy(record->values, row.values,
                    static_cast<std::size_t>(payload_->natts) * sizeof(Datum));
    else
        fits = store_tuple(row, record);
    __atomic_store_n(&record->time, row.time, __ATOMIC_RELAXED);
    ++kept_;
    return fits;
}

bool SpineIndex::take_in(const Arrival &row, Record *record)
{
    const std::uint64_t filled = (flat_ ? row.nulls : 0) | Record::filled;
    if (!space_.is_shared())
    {
        if (!wins(row, *record))
            return true;
        const bool fits = store(row, record);
        record->state = filled;
        return fits;
    }
    if (is_older(row, *record))
        return true;
    lock(record);
    const bool won = wins(row, *record);
    const bool fits = !won || store(row, record);
    unlock(record, won ? filled : record->state);
    return fits;
}

bool SpineIndex::offer(const Arrival &row)
{
    const Entry *entry = find(row.key, row.hash);
    const std::uint32_t slot = entry != nullptr ? first_slot(*entry, row.seen) : no_slot;
    return slot == no_slot || take_in(row, record(slot));
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
        if (slots[i] != no_slot)
            (void) take_in(rows[i], record(slots[i]));
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
        ExecStoreMinimalTuple(tuple(a), record_tuples_[0], false);
        ExecStoreMinimalTuple(tuple(b), record_tuples_[1], false);
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
    constexpr std::uint64_t share = 16384;
    __atomic_fetch_add(&header_->kept, kept_, __ATOMIC_RELAXED);
    for (;;)
    {
        const std::uint64_t from = __atomic_fetch_add(&header_->finished, share, __ATOMIC_RELAXED);
        if (from > entry_mask_)
            return;
        CHECK_FOR_INTERRUPTS();
        for (std::uint64_t at = from; at <= std::min(entry_mask_, from + share - 1); ++at)
        {
            const Entry &entry = entries_[at];
            for (std::uint32_t slot = entry.first + 1; slot < entry.first + entry.count; ++slot)
            {
                if (newer(*record(slot - 1), *record(slot)))
                    std::memcpy(static_cast<void *>(record(slot)), record(slot - 1), stride_);
            }
        }
    }
}

const Record *SpineIndex::winner(std::size_t row) const
{
    // Rows are asked for in turn, and records lie by key.
    constexpr std::size_t ahead = 12;
    if (row + ahead < own_rows_ && own_slots_[row + ahead] != no_slot)
        __builtin_prefetch(record(own_slots_[row + ahead]));
    const std::uint32_t slot = own_slots_[row];
    return slot != no_slot && record(slot)->is_filled() ? record(slot) : nullptr;
}

}  // namespace quiver::features
