// History rows of an as-of window join in memory: by key, in order of time, column by column.
//
// First the spine's keys come in, with the times that their windows span; then history rows, of which
// those that no window reaches are left out; arrange() brings the rest into order. What belongs to
// the store is in the context that is current when it is made.
#pragma once

#include "features/window.hpp"
#include "pg/array.hpp"

namespace quiver::features {

// Times of a window as integers, both ends within; empty if first > last.
struct Span
{
    std::int64_t first;
    std::int64_t last;
};

struct WindowKey
{
    std::uint64_t key;  // the integer, or the address of the copied keys
    std::uint32_t hash;
    std::uint32_t count;  // history rows; once arranged
    std::uint64_t begin;  // of its history rows
    std::int64_t first;  // what its windows span together
    std::int64_t last;
};

struct WindowColumn
{
    Datum *values;
    std::uint8_t *nulls;
    std::uint32_t *previous;  // for distinct: 1 + place within the key of the same value before it
    std::uint64_t null_count;
    std::size_t room;
    Ordinal ordinal;
    std::int16_t length;
    bool by_value;
};

class WindowStore
{
public:
    WindowStore(Values &values, const WindowPlan &plan, TupleDesc history);

    // Take in the keys of a spine row and what its window spans.
    void add_spine(const Datum *keys, const Span &span);
    // The spine row's history; nullptr if it has none.
    [[nodiscard]] const WindowKey *find_spine(const Datum *keys);
    // A row that was read into `row`, with the keys apart; rows that no window reaches are dropped.
    void add_history(const Datum *keys, TupleTableSlot *row);
    void arrange();

    // The rows of a key within a span: [begin, end) of the columns.
    void find_rows(const WindowKey &key, const Span &span, std::uint64_t *begin,
                   std::uint64_t *end) const;
    [[nodiscard]] const WindowColumn &column(int at) const { return columns_[at]; }
    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] std::size_t keys() const { return key_count_; }
    [[nodiscard]] std::size_t memory() const;
    [[nodiscard]] std::size_t row_bytes() const;

private:
    using Functions = FmgrInfo KeyFunctions::*;

    [[nodiscard]] WindowKey *find(const Datum *keys, bool of_spine, bool insert);
    [[nodiscard]] bool equal(const Datum *keys, std::uint64_t stored, Functions function);
    void grow_keys();
    void make_room();
    void permute(const std::uint64_t *places);
    void sort_key(const WindowKey &key);
    [[nodiscard]] bool in_order(std::uint64_t a, std::uint64_t b);
    void link_previous(const WindowKey &key, WindowColumn *column);

    MemoryContext context_;
    MemoryContext payload_context_;  // values by reference
    Values &values_;
    const WindowPlan &plan_;
    bool integer_key_;
    WindowKey *keys_ = nullptr;
    std::uint64_t key_mask_ = 0;
    std::size_t key_count_ = 0;
    WindowColumn *columns_;
    int column_count_;
    std::int64_t *times_ = nullptr;
    std::uint32_t *owners_ = nullptr;  // place of each row's key
    std::size_t rows_ = 0;
    std::size_t room_ = 0;
};

}  // namespace quiver::features
