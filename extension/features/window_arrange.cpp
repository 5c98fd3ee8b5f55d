// Bring collected history rows into order: by key in one counting pass, then by time where needed.
#include "features/window_store.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::features {
namespace {

// `places[i]` is where row i belongs.
template <typename T>
void scatter(const T *from, T *to, const std::uint32_t *places, std::size_t rows)
{
    for (std::size_t i = 0; i < rows; ++i)
        to[places[i]] = from[i];
}

}  // namespace

// Of rows of one time: negative if the first comes first. First and last may want another order than that
// of arrival, and rows that were read out of order have their addresses.
int WindowStore::compare_ties(std::uint64_t a, std::uint64_t b)
{
    for (int i = 0; i < values_.tie_count; ++i)
    {
        Tie &tie = values_.ties[i];
        const WindowColumn &column = columns_[tie.payload];
        const int order = ApplySortComparator(column.values[a], column.nulls[a] != 0,
                                              column.values[b], column.nulls[b] != 0, &tie.order);
        if (order != 0)
            return order;
    }
    if (plan_.sequence < 0)
        return 0;
    const Datum *sequence = columns_[plan_.sequence].values;
    const std::int64_t left = DatumGetInt64(sequence[a]), right = DatumGetInt64(sequence[b]);
    return left < right ? -1 : left > right ? 1 : 0;
}

// Rows come in few ascending runs: one where they were read in order of time, two where two processes
// did. Fills moments_[0] and runs_; false if all is one run.
std::size_t WindowStore::find_runs(const WindowKey &key)
{
    const std::uint64_t end = std::uint64_t{key.begin} + key.count;
    std::uint64_t ordered = std::uint64_t{key.begin} + 1;
    while (ordered < end &&
           in_order(Moment{times_[ordered - 1], ordered - 1}, Moment{times_[ordered], ordered}))
        ++ordered;
    if (ordered >= end)
        return 1;
    if (sort_room_ < key.count)
    {
        sort_room_ = std::max<std::size_t>(key.count, sort_room_ * 2);
        for (void *old : {static_cast<void *>(moments_[0]), static_cast<void *>(moments_[1]),
                          static_cast<void *>(runs_), static_cast<void *>(scratch_)})
        {
            if (old != nullptr)
                pfree(old);
        }
        moments_[0] = huge<Moment>(context_, sort_room_);
        moments_[1] = huge<Moment>(context_, sort_room_);
        runs_ = huge<std::uint32_t>(context_, sort_room_ + 1);
        scratch_ = huge<Datum>(context_, sort_room_);
    }
    Moment *moments = moments_[0];
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < key.count; ++i)
    {
        moments[i] = Moment{times_[key.begin + i], key.begin + i};
        if (i == 0 || !in_order(moments[i - 1], moments[i]))
            runs_[count++] = i;
    }
    runs_[count] = key.count;
    return count;
}

// Neighbours at a time, until one run is left in moments_[0]. Stable.
void WindowStore::merge_runs(std::size_t count)
{
    while (count > 1)
    {
        const Moment *from = moments_[0];
        Moment *to = moments_[1];
        std::size_t merged = 0;
        for (std::size_t run = 0; run < count; run += 2)
        {
            const std::uint32_t begin = runs_[run], middle = runs_[run + 1];
            const std::uint32_t end = run + 1 < count ? runs_[run + 2] : middle;
            std::uint32_t left = begin, right = middle, at = begin;
            while (left < middle && right < end)
                to[at++] = in_order(from[left], from[right]) ? from[left++] : from[right++];
            std::copy(from + left, from + middle, to + at);
            std::copy(from + right, from + end, to + at + (middle - left));
            runs_[merged++] = begin;
        }
        runs_[merged] = runs_[count];
        count = merged;
        std::swap(moments_[0], moments_[1]);
        CHECK_FOR_INTERRUPTS();
    }
}

// The rows of a key in the order of moments_[0].
void WindowStore::rearrange(const WindowKey &key)
{
    const Moment *order = moments_[0];
    const auto apply = [this, order, &key](auto *array) {
        using T = std::remove_pointer_t<decltype(array)>;
        auto *copy = reinterpret_cast<T *>(scratch_);
        std::memcpy(copy, array + key.begin, sizeof(T) * key.count);
        for (std::uint32_t i = 0; i < key.count; ++i)
            array[key.begin + i] = copy[order[i].row - key.begin];
    };
    for (std::uint32_t i = 0; i < key.count; ++i)
        times_[key.begin + i] = order[i].time;
    for (int i = 0; i < column_count_; ++i)
    {
        apply(columns_[i].values);
        if (columns_[i].null_count > 0)
            apply(columns_[i].nulls);
    }
}

void WindowStore::sort_key(const WindowKey &key)
{
    const std::size_t runs = key.count > 1 ? find_runs(key) : 1;
    if (runs > 1)
    {
        merge_runs(runs);
        rearrange(key);
    }
}

void WindowStore::link_previous(const WindowKey &key, WindowColumn *column)
{
    auto *order = huge<std::uint32_t>(context_, key.count);
    const Datum *values = column->values + key.begin;
    const bool small = column->ordinal == Ordinal::int2 || column->ordinal == Ordinal::int4;
    const Ordinal kind = small ? Ordinal::int8 : column->ordinal;
    std::uint32_t present = 0;
    for (std::uint32_t i = 0; i < key.count; ++i)
    {
        if (column->null_count == 0 || column->nulls[key.begin + i] == 0)
            order[present++] = i;
    }
    std::sort(order, order + present, [values, kind](std::uint32_t a, std::uint32_t b) {
        const std::int64_t left = to_ordinal(kind, values[a]), right = to_ordinal(kind, values[b]);
        return left != right ? left < right : a < b;
    });
    for (std::uint32_t i = 0; i < present; ++i)
    {
        const bool same =
            i > 0 && to_ordinal(kind, values[order[i - 1]]) == to_ordinal(kind, values[order[i]]);
        column->previous[key.begin + order[i]] = same ? order[i - 1] + 1 : 0;
    }
    pfree(order);
}

void WindowStore::sort_keys(std::size_t from, std::size_t to)
{
    for (std::size_t at = from; at < to; ++at)
    {
        const WindowKey &key = keys_[at];
        if (key.count == WindowKey::no_key || key.count == 0)
            continue;
        sort_key(key);
        for (int i = 0; i < column_count_; ++i)
        {
            if (columns_[i].linked)
                link_previous(key, &columns_[i]);
        }
        if (at % 64 == 0)
            CHECK_FOR_INTERRUPTS();
    }
}

// From places of keys to places of rows; the counts have become offsets.
void WindowStore::place_rows(std::uint32_t *counts)
{
    for (std::size_t i = 0; i < rows_; ++i)
    {
        const std::uint32_t owner = owners_[i];
        owners_[i] = keys_[owner].begin + counts[owner]++;
    }
}

void WindowStore::move_rows(std::int64_t *times, const WindowColumn *columns)
{
    place_rows(counts_);
    scatter(times_, times, owners_, rows_);
    for (int i = 0; i < column_count_ && rows_ > 0; ++i)
    {
        CHECK_FOR_INTERRUPTS();
        scatter(columns_[i].values, columns[i].values, owners_, rows_);
        pfree(columns_[i].values);
        if (columns[i].null_count > 0)
            scatter(columns_[i].nulls, columns[i].nulls, owners_, rows_);
        pfree(columns_[i].nulls);
    }
    if (rows_ > 0)
    {
        pfree(times_);
        pfree(owners_);
    }
    counts_ = nullptr;
}

void WindowStore::open_rows(std::int64_t *times, const WindowColumn *columns, std::size_t rows)
{
    times_ = times;
    rows_ = rows;
    for (int i = 0; i < column_count_; ++i)
    {
        columns_[i].values = columns[i].values;
        columns_[i].nulls = columns[i].nulls;
        columns_[i].previous = columns[i].previous;
        columns_[i].null_count = columns[i].null_count;
    }
}

// One process alone.
void WindowStore::arrange()
{
    settle();
    std::uint32_t begin = 0;
    for (std::uint64_t i = 0; i <= key_mask_; ++i)
    {
        if (keys_[i].count == WindowKey::no_key)
            continue;
        keys_[i].begin = begin;
        keys_[i].count = counts_ != nullptr ? counts_[i] : 0;
        begin += keys_[i].count;
    }
    if (rows_ == 0)
        return;
    std::fill(counts_, counts_ + key_mask_ + 1, 0);
    place_rows(counts_);
    const auto move = [this](auto **array) {
        using T = std::remove_pointer_t<std::remove_pointer_t<decltype(array)>>;
        T *to = huge<T>(context_, rows_);
        scatter(*array, to, owners_, rows_);
        pfree(*array);
        *array = to;
        CHECK_FOR_INTERRUPTS();
    };
    move(&times_);
    for (int i = 0; i < column_count_; ++i)
    {
        move(&columns_[i].values);
        if (columns_[i].null_count > 0)
            move(&columns_[i].nulls);
        if (columns_[i].linked)
            columns_[i].previous = huge<std::uint32_t>(context_, rows_);
    }
    pfree(owners_);
    owners_ = nullptr;
    pfree(counts_);
    counts_ = nullptr;
    sort_keys(0, key_mask_ + 1);
}

}  // namespace quiver::features
