// Erased records, and what the log says of erasures: neither may be without the other.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace quiver::audit {

class ErasureList
{
public:
    // Shard and sequence of a record that is erased, or that an event says is.
    // False without memory.
    bool add(std::uint32_t shard, std::uint64_t sequence, bool is_said)
    {
        if (used_ == size_ && !grow())
            return false;
        entries_[used_++] = {sequence, shard, is_said};
        return true;
    }

    // An event's message begins with "record SHARD/SEQUENCE".
    bool add_message(std::string_view message)
    {
        char text[64];
        std::snprintf(text, sizeof text, "%.*s", static_cast<int>(message.size()), message.data());
        unsigned shard;
        std::uint64_t sequence;
        return std::sscanf(text, "record %u/%" SCNu64, &shard, &sequence) != 2 ||
               add(shard, sequence, true);
    }

    // f(shard, sequence, is_erased, is_said) for each record.
    template <class F> void each(F &&f)
    {
        if (used_ > 0)
            std::qsort(entries_, used_, sizeof(Entry), compare);
        for (std::size_t i = 0; i < used_;)
        {
            const Entry &first = entries_[i];
            bool is_erased = false;
            bool is_said = false;
            for (; i < used_ && compare(&entries_[i], &first) == 0; ++i)
                (entries_[i].is_said ? is_said : is_erased) = true;
            f(first.shard, first.sequence, is_erased, is_said);
        }
    }

    void release()
    {
        std::free(entries_);
        *this = ErasureList{};
    }

private:
    struct Entry
    {
        std::uint64_t sequence;
        std::uint32_t shard;
        bool is_said;
    };

    static int compare(const void *a, const void *b)
    {
        const auto *left = static_cast<const Entry *>(a);
        const auto *right = static_cast<const Entry *>(b);
        if (left->shard != right->shard)
            return left->shard < right->shard ? -1 : 1;
        return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
    }

    bool grow()
    {
        const std::size_t bigger = size_ == 0 ? 64 : 2 * size_;
        void *moved = std::realloc(entries_, bigger * sizeof(Entry));
        if (moved == nullptr)
            return false;
        entries_ = static_cast<Entry *>(moved);
        size_ = bigger;
        return true;
    }

    Entry *entries_ = nullptr;
    std::size_t size_ = 0;
    std::size_t used_ = 0;
};

}  // namespace quiver::audit
