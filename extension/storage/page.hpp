// What all pages of quiver's indexes have in common: the mark that says what a page is, and how a page
// of fixed slots grows.
//
// A page is PostgreSQL's page header (24 bytes), the mark (8 bytes), then contents. The mark stands at
// the front so that the first cache line proves the page; there is no special area. Pages of fixed
// slots keep pd_lower behind the last slot written, or behind all: the rest is the hole that WAL and page
// images leave out. docs/storage.md has the bytes.
#pragma once

#include "pg/index.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace quiver::storage {

enum class PageKind : std::uint8_t
{
    meta = 1,
    directory = 2,
    links = 3,
    codes = 4,
    attributes = 5,
    values = 6,
    extras = 7,  // records of varying size, by line pointer: upper layers, more heap pointers
    spill = 8,  // records of varying size: values that have no fixed width
    centre = 9,
};

// Persisted.
struct PageMark
{
    std::uint16_t magic;
    PageKind kind;
    std::uint8_t format;
    std::uint32_t owner;  // number of the chunk; 0 for other kinds
};
inline constexpr std::uint16_t page_magic = 0x9A56;
inline constexpr std::uint8_t page_format = 1;
inline constexpr std::size_t page_start = 32;  // of contents
inline constexpr std::size_t page_payload = BLCKSZ - page_start;
static_assert(sizeof(PageMark) == 8 && std::is_trivially_copyable_v<PageMark>);
static_assert(SizeOfPageHeaderData + sizeof(PageMark) == page_start);

inline PageMark &page_mark(Page page)
{
    return *reinterpret_cast<PageMark *>(static_cast<char *>(page) + SizeOfPageHeaderData);
}
inline char *page_contents(Page page) { return static_cast<char *>(page) + page_start; }

// An empty page of a kind, for fixed slots: all contents are hole.
void init_page(Page page, PageKind kind, std::uint32_t owner);
// An empty page of a kind whose records have line pointers (extras, spill).
void init_item_page(Page page, PageKind kind);

// Item pages have line pointers where the mark would be; theirs is the page's last eight bytes.
PageMark &item_page_mark(Page page);

// The end of what has been written, for pages of fixed slots.
inline void extend_used(Page page, std::size_t end)
{
    auto *header = reinterpret_cast<PageHeader>(page);
    if (header->pd_lower < end)
        header->pd_lower = static_cast<LocationIndex>(end);
}

// ERRCODE_INDEX_CORRUPTED, naming index and block.
[[noreturn, gnu::cold]] void report_damage(Relation index, BlockNumber block, const char *what);

// That a page is what its address says. Cheap: one comparison of eight bytes.
inline void check_page(Relation index, BlockNumber block, Page page, PageKind kind,
                       std::uint32_t owner)
{
    const PageMark &mark = page_mark(page);
    if (mark.magic != page_magic || mark.kind != kind || mark.format != page_format ||
        mark.owner != owner) [[unlikely]]
        report_damage(index, block, "is not the page it should be");
}

// The same for a page whose records have line pointers.
void check_item_page(Relation index, BlockNumber block, Page page, PageKind kind);
// A record of such a page, of at least `least` bytes.
const char *checked_item(Relation index, BlockNumber block, Page page, OffsetNumber offset,
                         std::size_t least);

}  // namespace quiver::storage
