// The spine as an index in memory: keys to sorted times, and for each time the newest history row.
//
// In this order: add() once for each spine row; build() once; open(); offer() for history rows in any
// order; finish() carries winners forward to later times of the same key, after which winner() has the
// answer for each spine row. O(1) to find a key, O(log n) for the time among its n.
//
// One process does all of it, or several share it: each adds, opens, offers, finishes and asks for the
// rows that it added itself, one of them builds, and each step ends for all before the next begins.
//
// Bounded: add() and offer() return false once the budget is used up; the caller takes another
// strategy.
#pragma once

#include "features/asof_space.hpp"
#include "features/asof_values.hpp"

namespace quiver::features {

// What is kept of a history row. Plain values lie in the record itself; values by reference are kept
// as a tuple, whose reference and room are the first two values.
struct Record
{
    std::uint64_t state;  // NULL values by bit, `filled`, `locked`
    std::int64_t time;  // directed; once filled, it only grows
    Datum values[FLEXIBLE_ARRAY_MEMBER];

    static constexpr std::uint64_t filled = std::uint64_t{1} << 63;
    static constexpr std::uint64_t locked = std::uint64_t{1} << 62;
    static constexpr int most_values = 60;
    [[nodiscard]] bool is_filled() const { return (state & filled) != 0; }
    [[nodiscard]] bool is_null(int value) const { return ((state >> value) & 1) != 0; }
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

// What all processes of one index know of it. All zero at first.
struct IndexHeader
{
    std::uint64_t room;  // spine rows there is room for
    std::uint64_t rows;  // chain of chunks
    std::uint64_t keys;  // chain of pool chunks
    std::uint64_t key_bytes;
    std::uint64_t tuples;
    std::uint64_t tuple_bytes;
    Reference entries;
    Reference entry_hashes;
    Reference times;
    Reference records;
    std::uint64_t entry_mask;
    std::uint64_t slot_count;
    std::uint64_t fixed_bytes;
    std::uint64_t finished;  // entries that finish() has given out
    std::uint64_t kept;
};

class SpineIndex
{
public:
    static constexpr std::uint32_t no_slot = UINT32_MAX;

    // `payload` describes what is kept of a history row; `flat` if all of it is passed by value. What
    // is private to the process lives in the current memory context.
    SpineIndex(Values &values, TupleDesc payload, bool flat, std::size_t budget, Space space,
               IndexHeader *header);

    [[nodiscard]] bool add(const Datum *keys, Datum time);
    // A spine row with a NULL among keys or time: it has no match.
    [[nodiscard]] bool add_unmatched();
    void build();
    void open();

    // Instead of add(), build() and open(): the keys and times of another index of the same spine, with
    // records of its own, which one process makes.
    void make_records(const SpineIndex &lender);
    void borrow(const SpineIndex &lender);
    [[nodiscard]] std::size_t records_size(const SpineIndex &lender) const
    {
        return lender.header_->slot_count * stride_;
    }

    [[nodiscard]] bool offer(const Arrival &row);
    // Many rows at once, so that the memory they touch is fetched side by side.
    static constexpr int batch_size = 128;
    void offer_flat(const Arrival *rows, int count);
    void finish();

    // Of the spine row that this process added as number `row`; nullptr if it has no match.
    [[nodiscard]] const Record *winner(std::size_t row) const;
    [[nodiscard]] MinimalTuple tuple(const Record &record) const
    {
        return space_.at<MinimalTupleData>(record.values[0]);
    }
    [[nodiscard]] bool integer_key() const { return integer_key_; }
    [[nodiscard]] std::uint32_t hash_history(const Datum *keys);
    // Bytes in use by all processes.
    [[nodiscard]] std::size_t memory() const;
    // Free what open() and add() did not leave to the memory context.
    static void release(Space &space, IndexHeader *header);

private:
    struct Row
    {
        std::uint64_t key;
        std::int64_t time;
        std::uint32_t hash;
        std::uint32_t place;  // of its entry, then of its slot; no_slot for a row without a match
    };
    struct Chunk
    {
        Reference next;
        Reference self;
        Chunk *next_own;
        std::uint32_t count;
        Row rows[FLEXIBLE_ARRAY_MEMBER];
    };
    struct Entry
    {
        std::uint64_t key;
        std::uint32_t first;
        std::uint32_t count;  // 0: no key here
    };

    [[nodiscard]] Row *new_row();
    [[nodiscard]] bool grow();
    [[nodiscard]] std::size_t row_cost() const;
    Reference copy_keys(const Datum *keys);
    Datum spine_key(const Datum *keys, int key) const;
    void make_entries(std::size_t room);
    std::uint64_t take_entry(std::uint64_t key, std::uint32_t hash);
    void build_entries(std::size_t rows);
    void compact_entries();
    void place_times(Row **order);
    void sort_times(Row **order);
    void take_slots();
    [[nodiscard]] bool same_keys(std::uint64_t a, std::uint64_t b);
    [[nodiscard]] bool equal_keys(std::uint64_t history, std::uint64_t spine);
    [[nodiscard]] const Entry *find(std::uint64_t key, std::uint32_t hash);
    [[nodiscard]] std::uint32_t first_slot(const Entry &entry, std::int64_t seen) const;
    [[nodiscard]] Record *record(std::uint32_t slot) const
    {
        return reinterpret_cast<Record *>(records_ + slot * stride_);
    }
    [[nodiscard]] static bool is_older(const Arrival &row, const Record &record);
    static void lock(Record *record);
    static void unlock(Record *record, std::uint64_t state);
    [[nodiscard]] bool take_in(const Arrival &row, Record *record);
    [[nodiscard]] bool wins(const Arrival &row, const Record &record);
    [[nodiscard]] bool newer(const Record &a, const Record &b);
    [[nodiscard]] int compare_ties(const Arrival &row, const Record &record);
    [[nodiscard]] bool store(const Arrival &row, Record *record);
    [[nodiscard]] bool store_tuple(const Arrival &row, Record *record);

    Values &values_;
    TupleDesc payload_;
    bool flat_;
    bool integer_key_;
    std::size_t budget_;
    std::size_t stride_;
    Space space_;
    IndexHeader *header_;
    Pool keys_;
    Pool tuples_;
    Chunk *first_own_ = nullptr;
    Chunk *last_own_ = nullptr;
    std::uint32_t chunk_room_ = 0;
    std::size_t own_rows_ = 0;
    std::uint32_t *own_slots_ = nullptr;
    std::uint64_t kept_ = 0;

    // Addresses in this process, from open() on
    Entry *entries_ = nullptr;
    std::uint32_t *entry_hashes_ = nullptr;
    std::uint64_t entry_mask_ = 0;
    std::int64_t *times_ = nullptr;
    std::byte *records_ = nullptr;
    TupleTableSlot *row_tuple_ = nullptr;
    TupleTableSlot *record_tuples_[2] = {};
};

}  // namespace quiver::features
