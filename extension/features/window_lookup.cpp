// Find the windows of spine rows, some rows ahead of the one at hand: each step asks for the memory that
// the next one reads.
#include "features/window_store.hpp"

#include <algorithm>

namespace quiver::features {

// An empty place has no key that a span could have: as an address it is none, as an integer it is free.
const WindowKey *WindowStore::find_span(const Span &span) const
{
    std::uint64_t at = place_of(span.key);
    while (keys_[at].count != WindowKey::no_key && keys_[at].key != span.key)
        at = (at + 1) & key_mask_;
    return keys_[at].count != WindowKey::no_key ? &keys_[at] : nullptr;
}

void WindowStore::find_rows(const Span &span, Window *window) const
{
    const std::int64_t *times = times_ + window->key->begin;
    const std::int64_t *stop = times + window->key->count;
    const std::int64_t *low = std::lower_bound(times, stop, span.first);
    window->begin = static_cast<std::uint64_t>(low - times_);
    window->end = static_cast<std::uint64_t>(std::upper_bound(low, stop, span.last) - times_);
}

Window WindowStore::next_window(Span *result)
{
    const auto until = [this](std::size_t rows) { return std::min(span_count_, next_ + rows); };
    for (; touched_ < until(rows_ahead + 8); ++touched_)
    {
        const Span &span = spans_[touched_];
        if (span.first <= span.last)
            __builtin_prefetch(&keys_[place_of(span.key)]);
    }
    for (; found_ < until(rows_ahead); ++found_)
    {
        const Span &span = spans_[found_];
        Window &window = ahead_[found_ % rows_ahead];
        window = Window{span.first <= span.last ? find_span(span) : nullptr, 0, 0};
        if (window.key == nullptr || window.key->count == 0)
            continue;
        const std::int64_t *times = times_ + window.key->begin;
        for (const std::uint32_t quarter : {1, 2, 3})
            __builtin_prefetch(times + std::uint64_t{window.key->count} * quarter / 4);
    }
    for (; bounded_ < until(rows_ahead / 2); ++bounded_)
    {
        Window &window = ahead_[bounded_ % rows_ahead];
        if (window.key == nullptr || window.key->count == 0)
            continue;
        find_rows(spans_[bounded_], &window);
        for (int i = 0; i < column_count_; ++i)
            __builtin_prefetch(columns_[i].values + window.begin);
    }
    *result = spans_[next_];
    return ahead_[next_++ % rows_ahead];
}

}  // namespace quiver::features
