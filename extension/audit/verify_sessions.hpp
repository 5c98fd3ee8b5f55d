// The next event number of each open session, in a table that grows: gaps in it are losses.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace quiver::audit {

class SessionTable
{
public:
    struct Entry
    {
        std::uint64_t session;  // 0 is free
        std::uint64_t next;
        std::uint64_t reading;  // the one that it was seen in last: verify.cpp
    };

    // The entry of a session, made if it is new; nullptr without memory.
    Entry *find(std::uint64_t session)
    {
        if (2 * (used_ + 1) > size_ && !grow())
            return nullptr;
        Entry *entry = slot(session);
        if (entry->session == 0)
        {
            *entry = {session, 1, 0};
            ++used_;
        }
        return entry;
    }

    // The entry of a session if there is one.
    Entry *peek(std::uint64_t session) const
    {
        Entry *entry = size_ == 0 ? nullptr : slot(session);
        return entry == nullptr || entry->session == 0 ? nullptr : entry;
    }

    void release()
    {
        std::free(entries_);
        *this = SessionTable{};
    }

private:
    Entry *slot(std::uint64_t session) const
    {
        std::uint64_t at = session * 0x9e3779b97f4a7c15u;
        at ^= at >> 29;
        while (entries_[at & (size_ - 1)].session != 0 &&
               entries_[at & (size_ - 1)].session != session)
            ++at;
        return &entries_[at & (size_ - 1)];
    }

    bool grow()
    {
        SessionTable bigger;
        bigger.size_ = size_ == 0 ? 1024 : 2 * size_;
        bigger.entries_ = static_cast<Entry *>(std::calloc(bigger.size_, sizeof(Entry)));
        if (bigger.entries_ == nullptr)
            return false;
        for (std::size_t i = 0; i < size_; ++i)
            if (entries_[i].session != 0)
                *bigger.slot(entries_[i].session) = entries_[i];
        bigger.used_ = used_;
        std::free(entries_);
        *this = bigger;
        return true;
    }

    Entry *entries_ = nullptr;
    std::size_t size_ = 0;
    std::size_t used_ = 0;
};

}  // namespace quiver::audit
