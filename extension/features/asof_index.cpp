// Gather the spine's keys and times and build the index of them.
#include "features/asof_index.hpp"

#include "features/asof_hash.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace quiver::features {
namespace {

constexpr std::uint32_t first_chunk = 256;
constexpr std::uint32_t last_chunk = 32768;

std::uint64_t add_to(std::uint64_t *counter, std::uint64_t value)
{
    return __atomic_add_fetch(counter, value, __ATOMIC_RELAXED);
}

std::uint64_t value_of(const std::uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

std::size_t room_for(std::size_t entries)
{
    return std::bit_ceil(std::max<std::size_t>(entries, 16));
}

}  // namespace

SpineIndex::SpineIndex(Values &values, TupleDesc payload, bool flat, std::size_t budget,
                       Space space, IndexHeader *header)
    : values_{values},
      payload_{payload},
      flat_{flat},
      integer_key_{values.history_key != Ordinal::none},
      budget_{budget},
      stride_{sizeof(Record) +
              (flat ? static_cast<std::size_t>(payload->natts) : 2) * sizeof(Datum)},
      space_{space},
      header_{header}
{
    if (!flat)
    {
        row_tuple_ = MakeSingleTupleTableSlot(payload, &TTSOpsVirtual);
        record_tuples_[0] = MakeSingleTupleTableSlot(payload, &TTSOpsMinimalTuple);
        record_tuples_[1] = MakeSingleTupleTableSlot(payload, &TTSOpsMinimalTuple);
    }
}

// What each spine row takes at the two times when memory is fullest: while times are sorted, and
// while the history is read. Hash entries are at most three for each row.
std::size_t SpineIndex::row_cost() const
{
    const std::size_t entry = sizeof(Entry) + (integer_key_ ? 0 : sizeof(std::uint32_t));
    const std::size_t fixed = 2 * entry + sizeof(std::int64_t) + sizeof(std::uint32_t);
    return fixed + std::max(sizeof(Row) + sizeof(void *), stride_);
}

std::size_t SpineIndex::memory() const
{
    return value_of(&header_->fixed_bytes) + value_of(&header_->key_bytes) +
           value_of(&header_->tuple_bytes);
}

// False if the rows there is room for would not fit as an index.
bool SpineIndex::grow()
{
    chunk_room_ = std::clamp(chunk_room_ * 2, first_chunk, last_chunk);
    const std::uint64_t room = add_to(&header_->room, chunk_room_);
    const Reference reference = space_.allocate(sizeof(Chunk) + chunk_room_ * sizeof(Row));
    auto *chunk = space_.at<Chunk>(reference);
    chunk->self = reference;
    chunk->count = 0;
    chunk->next_own = nullptr;
    (last_own_ != nullptr ? last_own_->next_own : first_own_) = chunk;
    last_own_ = chunk;
    Reference first = value_of(&header_->rows);
    do
        chunk->next = first;
    while (!__atomic_compare_exchange_n(&header_->rows, &first, reference, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED));
    return room < no_slot;
}

SpineIndex::Row *SpineIndex::new_row()
{
    if (last_own_ == nullptr || last_own_->count == chunk_room_)
    {
        if (!grow())
            return nullptr;
    }
    ++own_rows_;
    return &last_own_->rows[last_own_->count++];
}

// Values by reference follow the array, which holds their distance from its start.
Reference SpineIndex::copy_keys(const Datum *keys)
{
    const auto count = static_cast<std::size_t>(values_.key_count);
    const std::size_t array = MAXALIGN(count * sizeof(Datum));
    std::size_t size = array;
    for (std::size_t i = 0; i < count; ++i)
    {
        if (!values_.keys[i].by_value)
            size += MAXALIGN(datumGetSize(keys[i], false, values_.keys[i].length));
    }
    const Reference reference = keys_.take(space_, size, &header_->keys, &header_->key_bytes);
    char *bytes = space_.at(reference);
    auto *copy = reinterpret_cast<Datum *>(bytes);
    std::size_t at = array;
    for (std::size_t i = 0; i < count; ++i)
    {
        copy[i] = keys[i];
        if (values_.keys[i].by_value)
            continue;
        const std::size_t length = datumGetSize(keys[i], false, values_.keys[i].length);
        std::memcpy(bytes + at, DatumGetPointer(keys[i]), length);
        copy[i] = static_cast<Datum>(at);
        at += MAXALIGN(length);
    }
    return reference;
}

bool SpineIndex::add(const Datum *keys, Datum time)
{
    Row *row = new_row();
    if (row == nullptr)
        return false;
    row->time = directed(values_, to_ordinal(values_.spine_ordinal, time));
    row->place = 0;
    if (integer_key_)
    {
        row->key = static_cast<std::uint64_t>(to_ordinal(values_.spine_key, keys[0]));
        row->hash = 0;
    }
    else
    {
        row->hash = hash_keys(values_, keys, &KeyFunctions::hash_spine);
        row->key = copy_keys(keys);
    }
    return value_of(&header_->room) * row_cost() + value_of(&header_->key_bytes) <= budget_;
}

bool SpineIndex::add_unmatched()
{
    Row *row = new_row();
    if (row == nullptr)
        return false;
    *row = Row{0, 0, 0, no_slot};
    return value_of(&header_->room) * row_cost() + value_of(&header_->key_bytes) <= budget_;
}

Datum SpineIndex::spine_key(const Datum *keys, int key) const
{
    return values_.keys[key].by_value
               ? keys[key]
               : PointerGetDatum(reinterpret_cast<const char *>(keys) + keys[key]);
}

bool SpineIndex::same_keys(std::uint64_t a, std::uint64_t b)
{
    if (integer_key_)
        return a == b;
    const auto *left = space_.at<const Datum>(a);
    const auto *right = space_.at<const Datum>(b);
    for (int i = 0; i < values_.key_count; ++i)
    {
        KeyFunctions &key = values_.keys[i];
        if (!DatumGetBool(FunctionCall2Coll(&key.same, key.collation, spine_key(left, i),
                                            spine_key(right, i))))
            return false;
    }
    return true;
}

// An empty table of entries.
void SpineIndex::make_entries(std::size_t room)
{
    header_->entry_mask = entry_mask_ = room - 1;
    header_->entries = space_.allocate(room * sizeof(Entry));
    entries_ = space_.at<Entry>(header_->entries);
    std::memset(static_cast<void *>(entries_), 0, room * sizeof(Entry));
    if (!integer_key_)
    {
        header_->entry_hashes = space_.allocate(room * sizeof(std::uint32_t));
        entry_hashes_ = space_.at<std::uint32_t>(header_->entry_hashes);
    }
}

// The entry of a key, or the free one where it belongs, which then has the key and its hash but no
// rows yet.
std::uint64_t SpineIndex::take_entry(std::uint64_t key, std::uint32_t hash)
{
    std::uint64_t place = (integer_key_ ? hash_integer(key) : spread(hash)) & entry_mask_;
    while (entries_[place].count != 0 && ((!integer_key_ && entry_hashes_[place] != hash) ||
                                          !same_keys(entries_[place].key, key)))
        place = (place + 1) & entry_mask_;
    entries_[place].key = key;
    if (!integer_key_)
        entry_hashes_[place] = hash;
    return place;
}

// One entry for each key, with its number of rows; each row learns its entry.
void SpineIndex::build_entries(std::size_t rows)
{
    make_entries(room_for(rows + rows / 2));
    for (Reference at = header_->rows; at != 0;)
    {
        CHECK_FOR_INTERRUPTS();
        auto *chunk = space_.at<Chunk>(at);
        for (Row *row = chunk->rows; row < chunk->rows + chunk->count; ++row)
        {
            if (row->place == no_slot)
                continue;
            const std::uint64_t place = take_entry(row->key, row->hash);
            ++entries_[place].count;
            row->place = static_cast<std::uint32_t>(place);
        }
        at = chunk->next;
    }
}

// Rows of one key side by side; afterwards `first` of each entry is where its run begins.
void SpineIndex::place_times(Row **order)
{
    for (Reference at = header_->rows; at != 0;)
    {
        auto *chunk = space_.at<Chunk>(at);
        for (Row *row = chunk->rows; row < chunk->rows + chunk->count; ++row)
        {
            if (row->place == no_slot)
                continue;
            Entry &entry = entries_[row->place];
            order[entry.first + entry.count++] = row;
        }
        at = chunk->next;
    }
}

void SpineIndex::sort_times(Row **order)
{
    const auto earlier = [](const Row *a, const Row *b) { return a->time < b->time; };
    for (std::uint64_t at = 0; at <= entry_mask_; ++at)
    {
        const Entry &entry = entries_[at];
        if (entry.count == 0)
            continue;
        CHECK_FOR_INTERRUPTS();
        Row **run = order + entry.first;
        std::sort(run, run + entry.count, earlier);
        for (std::uint32_t i = 0; i < entry.count; ++i)
        {
            times_[entry.first + i] = run[i]->time;
            run[i]->place = entry.first + i;
        }
    }
}

// The table was made for as many keys as rows. With fewer it is made small, so that the history's rows find
// their keys in the cache.
void SpineIndex::compact_entries()
{
    std::size_t keys = 0;
    for (std::uint64_t at = 0; at <= entry_mask_; ++at)
        keys += entries_[at].count != 0 ? 1 : 0;
    const std::size_t room = room_for(keys * 2);
    if (room > entry_mask_ / 2)
        return;
    const Reference old = header_->entries, old_hashes = header_->entry_hashes;
    const Entry *from = entries_;
    const std::uint32_t *hashes = entry_hashes_;
    const std::uint64_t old_mask = entry_mask_;
    make_entries(room);
    for (std::uint64_t at = 0; at <= old_mask; ++at)
    {
        if (from[at].count == 0)
            continue;
        entries_[take_entry(from[at].key, integer_key_ ? 0 : hashes[at])] = from[at];
    }
    space_.release(old);
    space_.release(old_hashes);
}

void SpineIndex::build()
{
    std::size_t rows = 0;
    for (Reference at = header_->rows; at != 0; at = space_.at<Chunk>(at)->next)
        rows += space_.at<Chunk>(at)->count;
    build_entries(rows);
    std::uint32_t next = 0;
    for (std::uint64_t at = 0; at <= entry_mask_; ++at)
    {
        entries_[at].first = next;
        next += entries_[at].count;
        entries_[at].count = 0;
    }
    const std::size_t slots = header_->slot_count = next;
    header_->times = space_.allocate((slots + 1) * sizeof(std::int64_t));
    times_ = space_.at<std::int64_t>(header_->times);
    auto *order = static_cast<Row **>(
        MemoryContextAllocHuge(CurrentMemoryContext, (slots + 1) * sizeof(void *)));
    place_times(order);
    sort_times(order);
    pfree(order);
    compact_entries();
    // Each process frees its own rows when it has taken their slots.
    header_->rows = 0;
    header_->records = space_.allocate((slots + 1) * stride_);
    std::memset(space_.at(header_->records), 0, slots * stride_);
    header_->fixed_bytes = (entry_mask_ + 1) * (sizeof(Entry) + (integer_key_ ? 0 : 4)) +
                           slots * (sizeof(std::int64_t) + stride_) + rows * 4;
}

void SpineIndex::make_records(const SpineIndex &lender)
{
    const std::size_t slots = header_->slot_count = lender.header_->slot_count;
    header_->records = space_.allocate((slots + 1) * stride_);
    std::memset(space_.at(header_->records), 0, slots * stride_);
    header_->fixed_bytes = slots * stride_;
}

void SpineIndex::borrow(const SpineIndex &lender)
{
    entry_mask_ = lender.entry_mask_;
    entries_ = lender.entries_;
    entry_hashes_ = lender.entry_hashes_;
    times_ = lender.times_;
    own_slots_ = lender.own_slots_;
    own_rows_ = lender.own_rows_;
    records_ = space_.at<std::byte>(header_->records);
}

void SpineIndex::take_slots()
{
    own_slots_ = static_cast<std::uint32_t *>(
        MemoryContextAllocHuge(CurrentMemoryContext, (own_rows_ + 1) * sizeof(std::uint32_t)));
    std::uint32_t *next = own_slots_;
    for (Chunk *chunk = first_own_; chunk != nullptr;)
    {
        for (std::uint32_t i = 0; i < chunk->count; ++i)
            *next++ = chunk->rows[i].place;
        Chunk *following = chunk->next_own;
        space_.release(chunk->self);
        chunk = following;
    }
    first_own_ = last_own_ = nullptr;
}

void SpineIndex::open()
{
    entry_mask_ = header_->entry_mask;
    entries_ = space_.at<Entry>(header_->entries);
    if (!integer_key_)
        entry_hashes_ = space_.at<std::uint32_t>(header_->entry_hashes);
    times_ = space_.at<std::int64_t>(header_->times);
    records_ = space_.at<std::byte>(header_->records);
    take_slots();
}

void SpineIndex::release(Space &space, IndexHeader *header)
{
    for (Reference at = header->rows; at != 0;)
    {
        const Reference next = space.at<Chunk>(at)->next;
        space.release(at);
        at = next;
    }
    for (const Reference array :
         {header->entries, header->entry_hashes, header->times, header->records})
        space.release(array);
    Pool::release(space, &header->keys);
    Pool::release(space, &header->tuples);
    *header = IndexHeader{};
}

}  // namespace quiver::features
