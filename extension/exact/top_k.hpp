// The k best rows seen so far: a bounded max-heap of (distance, row), worst on top.
//
// Order is that of ORDER BY distance ASC NULLS LAST: numbers, then NaN, then NULL; among equals the
// row that came first. O(1) to refuse a row, O(log k) to take one. Memory is k entries of 32 bytes
// in the context current at construction, and the rows, which belong to the caller's context.
#pragma once

#include "pg/postgres.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace quiver::exact {

struct Key
{
    double distance;
    bool is_null;
};

struct Candidate
{
    Key key;
    std::uint64_t arrival;
    MinimalTuple row;
};

inline int compare_keys(const Key &a, const Key &b) noexcept
{
    if (a.is_null || b.is_null)
        return static_cast<int>(a.is_null) - static_cast<int>(b.is_null);
    if (a.distance < b.distance)
        return -1;
    if (a.distance > b.distance)
        return 1;
    return static_cast<int>(std::isnan(a.distance)) - static_cast<int>(std::isnan(b.distance));
}

inline bool comes_before(const Candidate &a, const Candidate &b) noexcept
{
    const int order = compare_keys(a.key, b.key);
    return order != 0 ? order < 0 : a.arrival < b.arrival;
}

class TopK
{
public:
    explicit TopK(std::size_t capacity)
        : capacity_{capacity},
          rows_{static_cast<Candidate *>(MemoryContextAllocHuge(
              CurrentMemoryContext, std::max<std::size_t>(capacity, 1) * sizeof(Candidate)))}
    {
    }

    // Would a row with this key be among the k best? A tie with the worst loses: it came later.
    [[nodiscard]] bool accepts(const Key &key) const noexcept
    {
        return size_ < capacity_ || (capacity_ > 0 && compare_keys(key, rows_[0].key) < 0);
    }

    // Keep a row that accepts() let in; returns the row it pushed out, or nullptr.
    MinimalTuple keep(const Key &key, MinimalTuple row) noexcept
    {
        MinimalTuple dropped = nullptr;
        if (size_ == capacity_)
        {
            dropped = rows_[0].row;
            std::pop_heap(rows_, rows_ + size_, comes_before);
            --size_;
        }
        rows_[size_++] = Candidate{key, arrivals_++, row};
        std::push_heap(rows_, rows_ + size_, comes_before);
        return dropped;
    }

    // Best first; no row may be kept afterwards.
    void sort() noexcept { std::sort_heap(rows_, rows_ + size_, comes_before); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] MinimalTuple row(std::size_t position) const noexcept
    {
        return rows_[position].row;
    }

private:
    std::size_t capacity_;
    std::size_t size_ = 0;
    std::uint64_t arrivals_ = 0;  // rows taken in so far, dropped ones included
    Candidate *rows_;
};

}  // namespace quiver::exact
