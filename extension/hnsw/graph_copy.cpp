// Reading the copy in memory instead of pages.
#include "hnsw/graph.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::hnsw {

void Graph::use_copy(const CopyView &view)
{
    copy_meta_.reset(pin(meta_block));
    copy_ = view;
}

void Graph::leave_copy()
{
    copy_ = {};
    copy_meta_.release();
}

// No number was given out again up to the moment when the lists were read that name the vertices asked for.
// The count is read without a lock: it grows before anything links to the number.
bool Graph::copy_is_right()
{
    const MetaPage &meta = meta_of(copy_meta_.page());
    if (__atomic_load_n(&meta.reuse_count, __ATOMIC_ACQUIRE) == meta_->reuse_count) [[likely]]
        return true;
    leave_copy();
    return false;
}

void Graph::copy_estimates(const kernels::CodeQuery &query, const Vertex *vertices, int count,
                           float *out)
{
    constexpr std::size_t line = 64, at_once = 128 * line;
    const std::uint8_t *records[most_links];
    const auto record_of = [&](int i) {
        return copy_.codes + std::size_t{vertices[i]} * copy_.stride;
    };
    // Few or short codes all at once; of others the kernel asks for the rest ahead.
    const std::size_t each = static_cast<std::size_t>(count) * copy_.stride <= at_once
                                 ? std::min<std::size_t>(copy_.stride, 4 * line)
                                 : line;
    for (int i = 0; i < count; ++i)
        for (std::size_t at = 0; at < each; at += line)
            __builtin_prefetch(record_of(i) + at);
    int have = 0, lack = 0;
    Vertex absent[most_links];
    int have_at[most_links], absent_at[most_links];
    for (int i = 0; i < count; ++i)
    {
        const std::uint8_t *record = record_of(i);
        if (vertices[i] < copy_.count &&
            __atomic_load_n(reinterpret_cast<const std::uint64_t *>(record), __ATOMIC_ACQUIRE) != 0)
        {
            have_at[have] = i;
            records[have++] = record;
        }
        else
        {
            absent_at[lack] = i;
            absent[lack++] = vertices[i];
        }
    }
    copied_ += have;
    const auto estimate = coder().estimate_many();
    if (lack == 0)
        return estimate(query, records, static_cast<std::size_t>(have), out);
    float some[most_links];
    estimate(query, records, static_cast<std::size_t>(have), some);
    for (int i = 0; i < have; ++i)
        out[have_at[i]] = some[i];
    page_estimates(query, absent, lack, some);
    for (int i = 0; i < lack; ++i)
        out[absent_at[i]] = some[i];
}

// The metapage knows where the directory lies.
void Graph::read_directory_page(std::uint32_t number, DirectoryEntry *out)
{
    pg::Pin meta_pin{ReadBuffer(index_, meta_block)};
    meta_pin.lock(BUFFER_LOCK_SHARE);
    check_meta(index_, meta_pin.page());
    const MetaPage &meta = meta_of(meta_pin.page());
    if (number >= meta.directory_count)
        damage(meta_block, "lacks a page of the directory");
    const BlockNumber block = meta.directory[number];
    meta_pin.release();
    if (block >= RelationGetNumberOfBlocks(index_))
        damage(meta_block, "names a directory page beyond the end of the file");
    pg::Pin page{ReadBuffer(index_, block)};
    page.lock(BUFFER_LOCK_SHARE);
    storage::check_page(index_, block, page.page(), storage::PageKind::directory, number);
    std::memcpy(out, directory_of(page.page()), chunks_per_directory_page * sizeof *out);
}

}  // namespace quiver::hnsw
