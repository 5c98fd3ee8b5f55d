// The spine as an index in memory: keys to sorted times, and for each time the newest history row.
//
// Three phases, in this order: add() once for each spine row; build(); then offer() for history rows in
// any order. finish() carries winners forward to later times of the same key, after which winner() has
// the answer for each spine row. O(1) to find a key, O(log n) for the time among its n.
//
// Bounded: add() and offer() return false once more than the budget would be used; what has been
// added stays readable for nobody, and the caller takes another strategy.
#pragma once

#include "features/asof_values.hpp"

#include <cstddef>
#include <cstdint>

namespace quiver::features {

// What is kept of a history row. Plain values lie in the record itself; values by reference are kept
// as a tuple, whose address and room are the first two values.
struct Record
{
    std::uint64_t state;  // NULL values by bit, and `filled`
    std::int64_t time;  // directed
    Datum values[FLEXIBLE_ARRAY_MEMBER];

    static constexpr std::uint64_t filled = std::uint64_t{1} << 63;
    static constexpr int most_values = 62;
    [[nodiscard]] bool is_filled() const { return (state & filled) != 0; }
    [[nodiscard]] bool is_null(int value) const { return ((state >> value) & 1) != 0; }
    [[nodiscard]] MinimalTuple tuple() const
    {
        return reinterpret_cast<MinimalTuple>(DatumGetPointer(values[0]));
    }
};

// A history row on its way in.
struct Arrival
{
    std::uint64_t key;  // an integer, or the address of an array of Datum
    std::uint32_t hash;  // of keys that are no integers
    std::int64_t seen;  // directed
    std::int64_t time;
    std::uint64_t nulls;
    const Datum *values;
};

class SpineIndex
{
public:
    static constexpr std::uint32_t no_slot = UINT32_MAX;

    // `payload` describes what is kept of a history row; `flat` if all of it is passed by value.
    SpineIndex(Values &values, TupleDesc payload, bool flat, std::size_t budget,
               MemoryContext parent);

    [[nodiscard]] bool add(const Datum *keys, Datum time);
    // A spine row with a NULL among keys or time: it has no match.
    [[nodiscard]] bool add_unmatched();
    void build();
    // Free all memory; only peak() is left.
    void forget();

    [[nodiscard]] bool offer(const Arrival &row);
    // Many rows at once, so that the memory they touch is fetched side by side.
    static constexpr int batch_size = 128;
    void offer_flat(const Arrival *rows, int count);
    void finish();

    // Of the spine row added as number `row`; nullptr if it has no match.
    [[nodiscard]] const Record *winner(std::size_t row) const;
    [[nodiscard]] std::size_t size() const { return row_count_; }
    [[nodiscard]] std::size_t peak() const { return peak_; }
    [[nodiscard]] std::uint64_t kept() const { return kept_; }
    [[nodiscard]] bool integer_key() const { return integer_key_; }
    [[nodiscard]] bool flat() const { return flat_; }
    [[nodiscard]] std::uint32_t hash_history(const Datum *keys);

private:
    struct Row
    {
        std::uint64_t key;
        std::int64_t time;
        std::uint32_t hash;
        std::uint32_t entry;  // no_slot for a row without a match
    };
    struct Entry
    {
        std::uint64_t key;
        std::uint32_t first;
        std::uint32_t count;  // 0: no key here
    };

    [[nodiscard]] bool grow_rows();
    [[nodiscard]] std::size_t row_cost() const;
    std::uint64_t copy_keys(const Datum *keys);
    void build_entries();
    void place_times();
    void sort_times(std::uint32_t *order);
    [[nodiscard]] bool same_keys(std::uint64_t a, std::uint64_t b);
    [[nodiscard]] bool equal_keys(std::uint64_t history, std::uint64_t spine);
    [[nodiscard]] const Entry *find(std::uint64_t key, std::uint32_t hash);
    [[nodiscard]] std::uint32_t first_slot(const Entry &entry, std::int64_t seen) const;
    [[nodiscard]] Record *record(std::uint32_t slot) const
    {
        return reinterpret_cast<Record *>(records_ + slot * stride_);
    }
    [[nodiscard]] bool wins(const Arrival &row, const Record &record);
    [[nodiscard]] bool newer(const Record &a, const Record &b);
    [[nodiscard]] int compare_ties(const Arrival &row, const Record &record);
    [[nodiscard]] bool store_tuple(const Arrival &row, Record *record);
    void store_flat(const Arrival &row, Record *record);
    void use(std::size_t bytes);

    Values &values_;
    TupleDesc payload_;
    bool flat_;
    bool integer_key_;
    std::size_t budget_;
    MemoryContext memory_;
    std::size_t used_ = 0;
    std::size_t peak_ = 0;
    std::size_t keys_size_ = 0;
    std::uint64_t kept_ = 0;

    Row *rows_ = nullptr;
    std::size_t row_count_ = 0;
    std::size_t row_room_ = 0;
    Entry *entries_ = nullptr;
    std::uint32_t *entry_hashes_ = nullptr;
    std::size_t entry_mask_ = 0;
    std::int64_t *times_ = nullptr;
    std::uint32_t *row_slots_ = nullptr;
    std::byte *records_ = nullptr;
    std::size_t slot_count_ = 0;
    std::size_t stride_;
    char *pool_ = nullptr;
    std::size_t pool_left_ = 0;
    TupleTableSlot *row_tuple_ = nullptr;
    TupleTableSlot *record_tuples_[2] = {};
};

}  // namespace quiver::features
