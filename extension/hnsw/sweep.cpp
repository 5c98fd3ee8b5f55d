// Sweeping the attribute pages, and when that is worth it.
#include "hnsw/sweep.hpp"

#include <algorithm>
#include <cmath>

namespace quiver::hnsw {

using storage::PageKind;

namespace {

// A total order, so that a second pass knows where the first ended.
bool nearer(const Candidate &a, const Candidate &b)
{
    return a.distance != b.distance ? a.distance < b.distance : a.vertex < b.vertex;
}
bool farther(const Candidate &a, const Candidate &b) { return nearer(b, a); }

// Of an index in memory, by the order of magnitude.
constexpr double per_record = 1.5, per_record_byte = 0.05;
constexpr double per_distance = 45, per_value_byte = 0.06;
constexpr double per_expansion = 250, fresh_share = 0.55;

double distance_cost(const MetaPage &meta)
{
    const std::uint32_t bytes = meta.code_bytes != 0 ? meta.code_bytes : meta.value_bytes;
    return per_distance + per_value_byte * bytes;
}

}  // namespace

FilterCosts estimate_filter(Graph &graph, const Filter &filter, std::size_t width)
{
    constexpr std::uint32_t places = 128, at_each = 8;
    const MetaPage &meta = graph.meta();
    const storage::Section &section = graph.layout().attributes;
    const std::uint32_t step = std::max(at_each, meta.vertex_count / places);
    std::int64_t seen = 0, passed = 0;
    std::uint16_t good[Filter::most_records];
    const std::uint32_t start = pg_prng_uint32(&pg_global_prng_state) % step;
    for (std::uint64_t at = start; at < meta.vertex_count; at += step)
    {
        const auto first = static_cast<Vertex>(at);
        const Place place = graph.layout().place(first);
        const std::uint32_t per_page = section.per_page.divisor();
        // As far as the page and the chunk reach.
        const std::uint32_t count =
            std::min({at_each, per_page - section.per_page.remainder(place.index),
                      graph.layout().chunk.divisor() - place.index, meta.vertex_count - first});
        const BlockNumber block = graph.block_of(section, place);
        pg::Pin pin{graph.pin(block)};
        storage::check_page(graph.index(), block, pin.page(), PageKind::attributes, place.chunk);
        seen += count;
        passed += filter.select(static_cast<char *>(pin.page()) + section.offset_of(place.index),
                                static_cast<int>(count), good);
    }
    const double rows = meta.vertex_count;
    // Nothing in a sample of a thousand is not nothing.
    FilterCosts costs{};
    costs.share = (static_cast<double>(passed) + 0.5) / (static_cast<double>(seen) + 1);
    const double distance = distance_cost(meta);
    costs.sweep = rows * (per_record + per_record_byte * meta.attribute_bytes) +
                  rows * costs.share * distance;
    costs.expansion = per_expansion + 2.0 * meta.m * fresh_share * distance;
    costs.walk = std::min(static_cast<double>(width) / costs.share, rows) * costs.expansion;
    return costs;
}

Sweep::Sweep(Graph &graph, const Filter &filter, Search &search, std::size_t room)
    : graph_(graph),
      filter_(filter),
      search_(search),
      room_(std::max<std::size_t>(room / (2 * sizeof(Candidate)), 1024))
{
}

// Too many: the nearest stay, and the others wait for another pass.
void Sweep::keep_nearest()
{
    std::nth_element(near_.begin(), near_.begin() + static_cast<std::ptrdiff_t>(room_), near_.end(),
                     nearer);
    near_.resize(room_);
    last_ = *std::max_element(near_.begin(), near_.end(), nearer);
    dropped_ = true;
}

void Sweep::measure()
{
    float distances[most_links];
    for (std::size_t done = 0; done < batch_.size(); done += most_links)
    {
        const int count = static_cast<int>(std::min<std::size_t>(most_links, batch_.size() - done));
        search_.measure(batch_.data() + done, count, distances);
        for (int i = 0; i < count; ++i)
        {
            const Candidate candidate{distances[i], batch_[done + static_cast<std::size_t>(i)]};
            if ((begun_ && !nearer(after_, candidate)) || (dropped_ && !nearer(candidate, last_)))
                continue;
            near_.push_back(candidate);
        }
        if (near_.size() >= 2 * room_)
            keep_nearest();
    }
    batch_.clear();
}

void Sweep::sweep_page(BlockNumber block, std::uint32_t chunk, Vertex first, int count)
{
    std::uint16_t good[Filter::most_records];
    pg::Pin pin{graph_.pin(block)};
    storage::check_page(graph_.index(), block, pin.page(), PageKind::attributes, chunk);
    const int passed =
        filter_.select(static_cast<char *>(pin.page()) + storage::page_start, count, good);
    for (int i = 0; i < passed; ++i)
        if (!search_.has_returned(first + good[i]))
            batch_.push_back(first + good[i]);
}

void Sweep::pass()
{
    near_.clear();
    dropped_ = false;
    const storage::Section &section = graph_.layout().attributes;
    const std::uint32_t per_page = section.per_page.divisor();
    const std::uint32_t per_chunk = graph_.layout().chunk.divisor();
    const std::uint64_t vertices = graph_.meta().vertex_count;
    for (std::uint64_t at = 0; at < vertices;)
    {
        CHECK_FOR_INTERRUPTS();
        const auto first = static_cast<Vertex>(at);
        const Place place = graph_.layout().place(first);
        const std::uint64_t count =
            std::min<std::uint64_t>({per_page, per_chunk - place.index, vertices - at});
        sweep_page(graph_.block_of(section, place), place.chunk, first, static_cast<int>(count));
        if (batch_.size() >= most_links)
            measure();
        at += count;
    }
    measure();
    if (dropped_ && near_.size() > room_)
        keep_nearest();
    std::make_heap(near_.begin(), near_.end(), farther);
    begun_ = true;
}

bool Sweep::take(std::size_t width, pg::Array<Found> *out)
{
    std::size_t taken = 0;
    VertexCopy copy;
    while (taken < width)
    {
        if (near_.empty())
        {
            if (begun_ && !dropped_)
                break;
            pass();
            if (near_.empty())
                break;
        }
        std::pop_heap(near_.begin(), near_.end(), farther);
        after_ = near_.back();
        near_.pop_back();
        graph_.read(after_.vertex, -1, &copy);
        if (!copy.has_rows())
            continue;
        out->push_back({after_.distance, after_.vertex, copy.heap_tid, copy.tid_count, copy.level});
        ++taken;
    }
    return taken > 0;
}

}  // namespace quiver::hnsw
