// Making and refusing pages.
#include "storage/page.hpp"

namespace quiver::storage {

void init_page(Page page, PageKind kind, std::uint32_t owner)
{
    PageInit(page, BLCKSZ, 0);
    page_mark(page) = {page_magic, kind, page_format, owner};
    extend_used(page, page_start);
}

void init_item_page(Page page, PageKind kind)
{
    PageInit(page, BLCKSZ, sizeof(PageMark));
    item_page_mark(page) = {page_magic, kind, page_format, 0};
}

PageMark &item_page_mark(Page page)
{
    return *reinterpret_cast<PageMark *>(static_cast<char *>(page) + BLCKSZ - sizeof(PageMark));
}

void report_damage(Relation index, BlockNumber block, const char *what)
{
    ereport(
        ERROR, errcode(ERRCODE_INDEX_CORRUPTED),
        errmsg("index \"%s\" is damaged: block %u %s", RelationGetRelationName(index), block, what),
        errhint("Please REINDEX it."));
    pg_unreachable();
}

void check_item_page(Relation index, BlockNumber block, Page page, PageKind kind)
{
    const PageMark &mark = item_page_mark(page);
    const auto *header = reinterpret_cast<PageHeader>(page);
    if (mark.magic != page_magic || mark.kind != kind || mark.format != page_format ||
        header->pd_special != std::size_t{BLCKSZ} - sizeof(PageMark) ||
        header->pd_lower < SizeOfPageHeaderData || header->pd_lower > header->pd_upper ||
        header->pd_upper > header->pd_special)
        report_damage(index, block, "is not the page it should be");
}

const char *checked_item(Relation index, BlockNumber block, Page page, OffsetNumber offset,
                         std::size_t least)
{
    if (offset < FirstOffsetNumber || offset > PageGetMaxOffsetNumber(page))
        report_damage(index, block, "lacks a record that is pointed to");
    const ItemIdData *item = PageGetItemId(page, offset);
    if (!ItemIdIsNormal(item) || ItemIdGetLength(item) < least ||
        std::size_t{ItemIdGetOffset(item)} + ItemIdGetLength(item) > BLCKSZ - sizeof(PageMark))
        report_damage(index, block, "lacks a record that is pointed to");
    return static_cast<const char *>(page) + ItemIdGetOffset(item);
}

}  // namespace quiver::storage
