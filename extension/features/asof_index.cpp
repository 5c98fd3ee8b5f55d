// Gather the spine's keys and times and build the index of them.
#include "features/asof_index.hpp"

#include "features/asof_hash.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::features {
namespace {

constexpr std::size_t first_rows = 256;
constexpr std::size_t pool_chunk = 256 * 1024;

template <typename T> T *huge_array(MemoryContext memory, std::size_t count)
{
    return static_cast<T *>(MemoryContextAllocHuge(memory, sizeof(T) * (count + 1)));
}

}  // namespace

SpineIndex::SpineIndex(Values &values, TupleDesc payload, bool flat, std::size_t budget,
                       MemoryContext parent)
    : values_{values},
      payload_{payload},
      flat_{flat},
      integer_key_{values.history_key != Ordinal::none},
      budget_{budget},
      memory_{AllocSetContextCreate(parent, "quiver as-of index", ALLOCSET_DEFAULT_SIZES)}
{
    const std::size_t kept = flat ? static_cast<std::size_t>(payload->natts) : 2;
    stride_ = sizeof(Record) + kept * sizeof(Datum);
    if (!flat)
    {
        row_tuple_ = MakeSingleTupleTableSlot(payload, &TTSOpsVirtual);
        record_tuples_[0] = MakeSingleTupleTableSlot(payload, &TTSOpsMinimalTuple);
        record_tuples_[1] = MakeSingleTupleTableSlot(payload, &TTSOpsMinimalTuple);
    }
}

void SpineIndex::forget()
{
    MemoryContextDelete(memory_);
    memory_ = nullptr;
}

void SpineIndex::use(std::size_t bytes)
{
    used_ += bytes;
    peak_ = std::max(peak_, used_);
}

// What each spine row takes at the two times when memory is fullest: while times are sorted, and
// while the history is read. Hash entries are at most two for each row, at first and at last.
std::size_t SpineIndex::row_cost() const
{
    const std::size_t entries = 2 * sizeof(Entry) + (integer_key_ ? 0 : 2 * sizeof(std::uint32_t));
    const std::size_t fixed = entries + sizeof(std::int64_t) + sizeof(std::uint32_t);
    return fixed + std::max(sizeof(Row) + sizeof(std::uint32_t), stride_);
}

bool SpineIndex::grow_rows()
{
    if (row_count_ < row_room_)
        return true;
    const std::size_t room = std::max(first_rows, row_room_ * 2);
    if (room >= no_slot)
        return false;
    rows_ =
        static_cast<Row *>(rows_ == nullptr ? MemoryContextAllocHuge(memory_, room * sizeof(Row))
                                            : repalloc_huge(rows_, room * sizeof(Row)));
    row_room_ = room;
    return true;
}

// Values by reference are copied behind the array that points at them.
std::uint64_t SpineIndex::copy_keys(const Datum *keys)
{
    const auto count = static_cast<std::size_t>(values_.key_count);
    std::size_t size = MAXALIGN(count * sizeof(Datum));
    for (std::size_t i = 0; i < count; ++i)
    {
        if (!values_.keys[i].by_value)
            size += MAXALIGN(datumGetSize(keys[i], false, values_.keys[i].length));
    }
    if (size > pool_left_)
    {
        pool_left_ = std::max(size, pool_chunk);
        pool_ = static_cast<char *>(MemoryContextAllocHuge(memory_, pool_left_));
        keys_size_ += pool_left_;
    }
    auto *copy = reinterpret_cast<Datum *>(pool_);
    pool_ += size;
    pool_left_ -= size;
    char *bytes = reinterpret_cast<char *>(copy) + MAXALIGN(count * sizeof(Datum));
    for (std::size_t i = 0; i < count; ++i)
    {
        copy[i] = keys[i];
        if (values_.keys[i].by_value)
            continue;
        const std::size_t length = datumGetSize(keys[i], false, values_.keys[i].length);
        std::memcpy(bytes, DatumGetPointer(keys[i]), length);
        copy[i] = PointerGetDatum(bytes);
        bytes += MAXALIGN(length);
    }
    return reinterpret_cast<std::uint64_t>(copy);
}

bool SpineIndex::add(const Datum *keys, Datum time)
{
    if (!grow_rows())
        return false;
    Row &row = rows_[row_count_++];
    row.time = directed(values_, to_ordinal(values_.spine_ordinal, time));
    row.entry = 0;
    if (integer_key_)
    {
        row.key = static_cast<std::uint64_t>(to_ordinal(values_.spine_key, keys[0]));
        row.hash = 0;
    }
    else
    {
        row.hash = hash_keys(values_, keys, &KeyFunctions::hash_spine);
        row.key = copy_keys(keys);
    }
    return row_count_ * row_cost() + keys_size_ <= budget_;
}

bool SpineIndex::add_unmatched()
{
    if (!grow_rows())
        return false;
    rows_[row_count_++] = Row{0, 0, 0, no_slot};
    return row_count_ * row_cost() + keys_size_ <= budget_;
}

bool SpineIndex::same_keys(std::uint64_t a, std::uint64_t b)
{
    if (integer_key_)
        return a == b;
    const auto *left = reinterpret_cast<const Datum *>(a);
    const auto *right = reinterpret_cast<const Datum *>(b);
    for (int i = 0; i < values_.key_count; ++i)
    {
        KeyFunctions &key = values_.keys[i];
        if (!DatumGetBool(FunctionCall2Coll(&key.same, key.collation, left[i], right[i])))
            return false;
    }
    return true;
}

// One entry for each key, with its number of rows; each row learns its entry.
void SpineIndex::build_entries()
{
    std::size_t room = 16;
    while (room < row_count_ + row_count_ / 2)
        room *= 2;
    entry_mask_ = room - 1;
    entries_ = huge_array<Entry>(memory_, room);
    std::memset(entries_, 0, room * sizeof(Entry));
    if (!integer_key_)
        entry_hashes_ = huge_array<std::uint32_t>(memory_, room);
    for (std::size_t i = 0; i < row_count_; ++i)
    {
        Row &row = rows_[i];
        if (row.entry == no_slot)
            continue;
        if ((i & 0xffff) == 0)
            CHECK_FOR_INTERRUPTS();
        std::size_t at = (integer_key_ ? hash_integer(row.key) : spread(row.hash)) & entry_mask_;
        while (entries_[at].count != 0 && ((!integer_key_ && entry_hashes_[at] != row.hash) ||
                                           !same_keys(entries_[at].key, row.key)))
            at = (at + 1) & entry_mask_;
        entries_[at].key = row.key;
        ++entries_[at].count;
        if (!integer_key_)
            entry_hashes_[at] = row.hash;
        row.entry = static_cast<std::uint32_t>(at);
    }
}

// Rows of one key side by side; afterwards `first` of each entry is where its run begins.
void SpineIndex::place_times()
{
    std::uint32_t next = 0;
    for (std::size_t at = 0; at <= entry_mask_; ++at)
    {
        entries_[at].first = next;
        next += entries_[at].count;
        entries_[at].count = 0;
    }
    slot_count_ = next;
    times_ = huge_array<std::int64_t>(memory_, slot_count_);
    auto *order = huge_array<std::uint32_t>(memory_, slot_count_);
    for (std::size_t i = 0; i < row_count_; ++i)
    {
        if (rows_[i].entry == no_slot)
            continue;
        Entry &entry = entries_[rows_[i].entry];
        order[entry.first + entry.count++] = static_cast<std::uint32_t>(i);
    }
    sort_times(order);
    pfree(order);
}

void SpineIndex::sort_times(std::uint32_t *order)
{
    const auto earlier = [this](std::uint32_t a, std::uint32_t b) {
        return rows_[a].time < rows_[b].time;
    };
    for (std::size_t at = 0; at <= entry_mask_; ++at)
    {
        const Entry &entry = entries_[at];
        if (entry.count == 0)
            continue;
        CHECK_FOR_INTERRUPTS();
        std::uint32_t *run = order + entry.first;
        std::sort(run, run + entry.count, earlier);
        for (std::uint32_t i = 0; i < entry.count; ++i)
        {
            times_[entry.first + i] = rows_[run[i]].time;
            row_slots_[run[i]] = entry.first + i;
        }
    }
}

void SpineIndex::build()
{
    row_slots_ = huge_array<std::uint32_t>(memory_, row_count_);
    std::fill_n(row_slots_, row_count_, no_slot);
    build_entries();
    place_times();
    const std::size_t entry_bytes = (entry_mask_ + 1) * (sizeof(Entry) + (integer_key_ ? 0 : 4));
    const std::size_t lasting =
        entry_bytes + keys_size_ + slot_count_ * sizeof(std::int64_t) + row_count_ * 4;
    use(lasting + row_room_ * sizeof(Row) + slot_count_ * 4);
    if (rows_ != nullptr)
        pfree(rows_);
    rows_ = nullptr;
    used_ = lasting;
    records_ = huge_array<std::byte>(memory_, slot_count_ * stride_);
    std::memset(records_, 0, slot_count_ * stride_);
    use(slot_count_ * stride_);
}

}  // namespace quiver::features
