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

// The pages of one kind in a chunk. Records are several a page, or several pages each, or, where that would leave much of a page empty,
// one behind the other over the ends of pages.
struct Section
{
    std::uint32_t record_bytes = 0;  // 0: the chunk has no such section
    std::uint32_t pages = 0;  // in a chunk
    std::uint32_t first_page = 0;  // within the chunk
    std::uint32_t pages_per_record = 0;  // 0 where a page holds one record or more
    bool is_dense = false;  // over the ends of pages
    Divider per_page;

    bool exists() const { return record_bytes != 0; }
    std::uint32_t page_of(std::uint32_t i) const
    {
        if (is_dense)
            return first_page + static_cast<std::uint32_t>(position(i) / page_payload);
        return first_page + (pages_per_record != 0 ? i * pages_per_record : per_page.quotient(i));
    }
    // Offset within the page.
    std::uint32_t offset_of(std::uint32_t i) const
    {
        if (is_dense)
            return static_cast<std::uint32_t>(page_start + position(i) % page_payload);
        return static_cast<std::uint32_t>(page_start) +
               (pages_per_record != 0 ? 0 : per_page.remainder(i) * record_bytes);
    }
    // Whether the record goes on at the start of the next page.
    bool is_in_pieces(std::uint32_t i) const
    {
        return is_dense ? offset_of(i) + record_bytes > static_cast<std::uint32_t>(BLCKSZ)
                        : pages_per_record != 0;
    }
    // Behind the last slot of a page; its end where a record may go on in the next.
    std::uint32_t end_of_slots() const
    {
        return pages_per_record != 0 || is_dense
                   ? static_cast<std::uint32_t>(BLCKSZ)
                   : static_cast<std::uint32_t>(page_start) + per_page.divisor() * record_bytes;
    }

private:
    // Among the contents of the section's pages.
    std::uint64_t position(std::uint32_t i) const { return std::uint64_t{i} * record_bytes; }
};

// A section of `count` records, to lie behind `first_page` pages of the chunk; dense if it may be and pages of whole records would leave a
// tenth of themselves empty.
inline Section make_section(std::uint32_t record_bytes, std::uint32_t count,
                            std::uint32_t first_page, bool may_be_dense)
{
    Section section;
    if (record_bytes == 0)
        return section;
    section.record_bytes = record_bytes;
    section.first_page = first_page;
    const auto per_page = static_cast<std::uint32_t>(page_payload / record_bytes);
    if (may_be_dense && page_payload - std::size_t{per_page} * record_bytes > page_payload / 10)
    {
        section.is_dense = true;
        section.pages = static_cast<std::uint32_t>(
            (std::uint64_t{count} * record_bytes + page_payload - 1) / page_payload);
        return section;
    }
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
