// Where record number i of a run of fixed-size records lies: division by a constant that is known only
// at run time, without a division.
#pragma once

#include "storage/page.hpp"

#include <cstddef>
#include <cstdint>

namespace quiver::storage {

// Exact quotient and remainder of 32-bit numbers by multiplication (Lemire, Kaser, Kurz 2019).
class Divider
{
public:
    Divider() = default;
    explicit Divider(std::uint32_t divisor)
        : divisor_(divisor),
          inverse_(~std::uint64_t{0} / divisor + 1)
    {
    }

    std::uint32_t divisor() const { return divisor_; }
    std::uint32_t quotient(std::uint32_t n) const
    {
        if (divisor_ == 1)
            return n;  // the inverse would be 2^64
        return static_cast<std::uint32_t>((static_cast<unsigned __int128>(inverse_) * n) >> 64);
    }
    std::uint32_t remainder(std::uint32_t n) const { return n - quotient(n) * divisor_; }

private:
    std::uint32_t divisor_ = 1;
    std::uint64_t inverse_ = 0;
};

// The pages of one kind in a chunk. Records are either several a page or several pages each.
struct Section
{
    std::uint32_t record_bytes = 0;  // 0: the chunk has no such section
    std::uint32_t pages = 0;  // in a chunk
    std::uint32_t first_page = 0;  // within the chunk
    std::uint32_t pages_per_record = 0;  // 0 where a page holds one record or more
    Divider per_page;

    bool exists() const { return record_bytes != 0; }
    std::uint32_t page_of(std::uint32_t i) const
    {
        return first_page + (pages_per_record != 0 ? i * pages_per_record : per_page.quotient(i));
    }
    // Offset within the page.
    std::uint32_t offset_of(std::uint32_t i) const
    {
        return static_cast<std::uint32_t>(page_start) +
               (pages_per_record != 0 ? 0 : per_page.remainder(i) * record_bytes);
    }
    // Behind the last slot of a page; of a page that belongs to one record, its end.
    std::uint32_t end_of_slots() const
    {
        return pages_per_record != 0
                   ? static_cast<std::uint32_t>(BLCKSZ)
                   : static_cast<std::uint32_t>(page_start) + per_page.divisor() * record_bytes;
    }
};

// A section of `count` records, to lie behind `first_page` pages of the chunk.
inline Section make_section(std::uint32_t record_bytes, std::uint32_t count,
                            std::uint32_t first_page)
{
    Section section;
    if (record_bytes == 0)
        return section;
    section.record_bytes = record_bytes;
    section.first_page = first_page;
    const auto per_page = static_cast<std::uint32_t>(page_payload / record_bytes);
    if (per_page == 0)
    {
        section.pages_per_record =
            static_cast<std::uint32_t>((record_bytes + page_payload - 1) / page_payload);
        section.pages = section.pages_per_record * count;
        return section;
    }
    section.per_page = Divider{per_page};
    section.pages = (count + per_page - 1) / per_page;
    return section;
}

}  // namespace quiver::storage
