// History rows of an as-of window join in memory: by key, in order of time, column by column.
//
// First the spine's keys come in, with the times that their windows span; then history rows, of which
// those that no window reaches are left out; arrange() brings the rest into order. What belongs to
// the store is in the context that is current when it is made.
//
// Several processes share the work step by step (window_parallel.cpp): each collects rows for itself
// under keys that all see, then all move theirs to where the keys' rows lie, and share the sorting.
#pragma once

#include "features/window.hpp"
#include "pg/array.hpp"

#include <algorithm>

namespace quiver::features {

// Room for rows without end, in a context of the executor.
template <typename T> T *huge(MemoryContext context, std::size_t count)
{
    return static_cast<T *>(
        MemoryContextAllocHuge(context, sizeof(T) * std::max<std::size_t>(count, 1)));
}

// Times of a window as integers, both ends within; empty if first > last. Rows are known by `known`.
struct Span
{
    std::int64_t first;
    std::int64_t last;
    std::int64_t known;
    std::uint64_t key;  // WindowKey::key, which the store fills in
};

struct WindowKey
{
    static constexpr std::uint32_t no_key = UINT32_MAX;

    std::uint64_t key;  // the integer, or the address of the keys' hash and copies
    std::int64_t first;  // what its windows span together
    std::int64_t last;
    std::uint32_t begin;  // of its history rows
    std::uint32_t count;  // of them, once laid out; no_key in a free place of the table
};
static_assert(sizeof(WindowKey) == 32);  // two to a line of the cache

// The rows of a spine row's window: [begin, end) of the columns. No key, no rows.
struct Window
{
    const WindowKey *key;
    std::uint64_t begin;
    std::uint64_t end;
};

struct WindowColumn
{
    Datum *values;
    std::uint8_t *nulls;
    std::uint32_t *previous;  // for distinct: 1 + place within the key of the same value before it
    std::uint64_t null_count;
    Ordinal ordinal;
    std::int16_t length;
    bool by_value;
    bool linked;  // `previous` is wanted
};

class WindowStore
{
public:
    WindowStore(Values &values, const WindowPlan &plan, TupleDesc history);

    // Take in the keys of a spine row and what its window spans; of each row in turn.
    void add_spine(const Datum *keys, const Span &span);
    // A spine row without a window.
    void add_unmatched();

    // A row that was read into `row`, with the keys apart; rows that no window reaches are dropped.
    void add_history(const Datum *keys, TupleTableSlot *row);
    void arrange();

    // The windows of the spine's rows, in the order in which they were taken in, once rows are in order.
    [[nodiscard]] Window next_window(Span *span);
    [[nodiscard]] const WindowColumn &column(int at) const { return columns_[at]; }
    [[nodiscard]] int column_count() const { return column_count_; }
    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] std::size_t memory() const;
    [[nodiscard]] std::size_t row_bytes() const;
    // Whether memory() should be looked at: not for each of many small rows.
    [[nodiscard]] bool is_settled() const { return pending_ == 0; }

    // The table of keys, whose size is a power of two.
    [[nodiscard]] const WindowKey *keys() const { return keys_; }
    [[nodiscard]] std::size_t key_room() const { return key_mask_ + 1; }
    [[nodiscard]] std::size_t key_count() const { return key_count_; }
    static void clear_keys(WindowKey *keys, std::size_t room);
    // Add an integer key's span to a table that has room for it.
    static void merge_key(WindowKey *keys, std::size_t room, const WindowKey &key);

    // In parallel, in this order: keys for all, rows of this process, their places, the places of all.
    void share_keys(WindowKey *keys, std::size_t room);
    // Rows are counted by place of their key in `counts`, which is zero at first.
    void count_rows(std::uint32_t *counts);
    // All rows have come; adds the number of NULLs in each column.
    void finish_rows(std::uint64_t *null_counts);
    // Move this process's rows to `times` and `columns`; `counts` has become the offsets of its rows
    // among the rows of each key.
    void move_rows(std::int64_t *times, const WindowColumn *columns);
    // Use what all have moved.
    void open_rows(std::int64_t *times, const WindowColumn *columns, std::size_t rows);
    // Bring the rows of some places of the table into order.
    void sort_keys(std::size_t from, std::size_t to);

private:
    using Functions = FmgrInfo KeyFunctions::*;
    static constexpr std::uint32_t batch_size = 64;

    struct Moment
    {
        std::int64_t time;
        std::uint64_t row;
    };

    [[nodiscard]] WindowKey *find(const Datum *keys, bool of_spine, bool insert);
    [[nodiscard]] bool equal(const Datum *keys, std::uint32_t hash, std::uint64_t stored,
                             Functions function);
    [[nodiscard]] std::uint64_t place_of(std::uint64_t key) const;
    [[nodiscard]] WindowKey *find_integer(std::uint64_t key) const;
    void grow_keys();
    void make_room();
    void put_row(TupleTableSlot *row, std::int64_t time, std::size_t at);
    void keep_row(const WindowKey *key, std::size_t from);
    void settle();
    void place_rows(std::uint32_t *counts);
    void sort_key(const WindowKey &key);
    [[nodiscard]] std::size_t find_runs(const WindowKey &key);
    void merge_runs(std::size_t count);
    void rearrange(const WindowKey &key);
    [[nodiscard]] int compare_ties(std::uint64_t a, std::uint64_t b);
    [[nodiscard]] bool in_order(const Moment &a, const Moment &b)
    {
        return a.time != b.time ? a.time < b.time : compare_ties(a.row, b.row) <= 0;
    }
    [[nodiscard]] const WindowKey *find_span(const Span &span) const;
    void find_rows(const Span &span, Window *window) const;
    void link_previous(const WindowKey &key, WindowColumn *column);

    MemoryContext context_;
    MemoryContext payload_context_;  // values by reference
    Values &values_;
    const WindowPlan &plan_;
    bool integer_key_;
    bool batched_;  // keys and columns are plain values: rows are looked up many at a time
    WindowKey *keys_ = nullptr;
    std::uint64_t key_mask_ = 0;
    std::size_t key_count_ = 0;
    Span *spans_ = nullptr;
    std::size_t span_count_ = 0;
    std::size_t span_room_ = 0;
    WindowColumn *columns_;
    int column_count_;
    std::int64_t *times_ = nullptr;
    std::uint32_t *owners_ = nullptr;  // place of each row's key, later of the row
    std::uint32_t *counts_ = nullptr;  // rows of each key
    std::size_t rows_ = 0;
    std::size_t room_ = 0;
    std::uint64_t pending_keys_[batch_size];  // of rows behind the last one
    std::uint32_t pending_ = 0;
    // Windows are looked up some rows ahead of the one that is asked for, in steps.
    static constexpr std::size_t rows_ahead = 16;
    Window ahead_[rows_ahead] = {};
    std::size_t touched_ = 0;
    std::size_t found_ = 0;
    std::size_t bounded_ = 0;
    std::size_t next_ = 0;
    // To sort with
    Moment *moments_[2] = {};
    std::uint32_t *runs_ = nullptr;
    Datum *scratch_ = nullptr;
    std::size_t sort_room_ = 0;
};

}  // namespace quiver::features
