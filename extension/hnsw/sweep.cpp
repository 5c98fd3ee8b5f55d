// Sweeping the attribute pages, and when that is worth it.
#include "hnsw/sweep.hpp"

#include <algorithm>
#include <bit>

namespace quiver::hnsw {

using storage::PageKind;

namespace {

// A total order, so that a second pass knows where the first ended.
bool nearer(const Candidate &a, const Candidate &b)
{
    return a.distance != b.distance ? a.distance < b.distance : a.vertex < b.vertex;
}
bool farther(const Candidate &a, const Candidate &b) { return nearer(b, a); }

// Distances at a time: what is asked for ahead should still be in the nearest cache when its turn comes.
constexpr std::size_t at_once = 64;
static_assert(at_once <= most_links);

// Of an index in memory, by the order of magnitude.
constexpr double per_record = 1.5, per_record_byte = 0.05, per_record_in_columns = 1;
constexpr double per_distance = 30, per_value_byte = 0.15;
constexpr double per_list = 250, per_expansion = 150, fresh_share = 0.55;

WalkCosts walk_costs(const MetaPage &meta)
{
    const std::uint32_t bytes = meta.code_bytes != 0 ? meta.code_bytes : meta.value_bytes;
    return {per_distance + per_value_byte * bytes, per_list, per_expansion};
}

// Of a walk that expands one that passes for `1 / share`.
double walk_cost(const MetaPage &meta, const WalkCosts &each, double share, double width)
{
    return width / share *
           (each.expansion + each.list + 2.0 * meta.m * fresh_share * each.distance);
}

// Of a walk that looks behind those that do not pass: it reads as many lists as it takes to bring m that pass, if all of
// them together bring so many; and the filter is asked about most vertices that these lists are near to.
double walk_cost_in_columns(const MetaPage &meta, const WalkCosts &each, double share, double width)
{
    const double links = 2.0 * meta.m;
    const double lists = std::max(0.0, meta.m - links * share) / (links * share);
    if (lists > links)
        return walk_cost(meta, each, share, width);
    const double asked = width * links * (1 + lists) * 16;
    return std::min<double>(meta.vertex_count, asked) * per_record_in_columns +
           width * (each.expansion + each.list * (1 + lists) + meta.m * fresh_share * each.distance);
}

// Which of up to `count` vertices from `first` on pass; `count` becomes how many were looked at.
int select_on_page(Graph &graph, const Filter &filter, Vertex first, std::uint32_t *count,
                  std::uint16_t *good)
{
    const storage::Section &section = graph.layout().attributes;
    const Place place = graph.layout().place(first);
    // As far as the page and the chunk reach.
    *count = std::min({*count,
                       section.per_page.divisor() - section.per_page.remainder(place.index),
                       graph.layout().chunk.divisor() - place.index});
    const BlockNumber block = graph.block_of(section, place);
    pg::Pin pin{graph.pin(block)};
    storage::check_page(graph.index(), block, pin.page(), PageKind::attributes, place.chunk);
    return filter.select(static_cast<char *>(pin.page()) + section.offset_of(place.index),
                         static_cast<int>(*count), good);
}

// The share of those that pass among some places.
double sample(Graph &graph, Passing &passing)
{
    constexpr std::uint32_t places = 128, at_each = 8;
    const MetaPage &meta = graph.meta();
    const std::uint32_t step = std::max(at_each, meta.vertex_count / places);
    std::int64_t seen = 0, passed = 0;
    std::uint16_t good[at_each];
    const std::uint32_t start = pg_prng_uint32(&pg_global_prng_state) % step;
    for (std::uint64_t at = start; at < meta.vertex_count; at += step)
    {
        const auto first = static_cast<Vertex>(at);
        std::uint32_t count = std::min(at_each, meta.vertex_count - first);
        if (first < passing.kept())
        {
            count = 64;
            passed += std::popcount(passing.word(first / 64));
        }
        else
            passed += select_on_page(graph, passing.filter(), first, &count, good);
        seen += count;
    }
    // Nothing in a sample of a thousand is not nothing.
    return (static_cast<double>(passed) + 0.5) / (static_cast<double>(seen) + 1);
}

}  // namespace

FilterCosts estimate_filter(Graph &graph, Passing &passing, std::size_t width)
{
    const MetaPage &meta = graph.meta();
    const double rows = meta.vertex_count;
    const bool in_memory = passing.kept() > 0;
    FilterCosts costs{};
    costs.share = sample(graph, passing);
    costs.each = walk_costs(meta);
    const double record =
        in_memory ? per_record_in_columns : per_record + per_record_byte * meta.attribute_bytes;
    costs.sweep = rows * (record + costs.share * costs.each.distance);
    const double expanded = std::min(static_cast<double>(width), rows * costs.share);
    costs.walk = in_memory ? walk_cost_in_columns(meta, costs.each, costs.share, expanded)
                           : walk_cost(meta, costs.each, costs.share, expanded);
    return costs;
}

Sweep::Sweep(Graph &graph, Passing &passing, Search &search, std::size_t room)
    : graph_(graph),
      passing_(passing),
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
    float distances[at_once];
    for (std::size_t done = 0; done < batch_.size(); done += at_once)
    {
        const int count = static_cast<int>(std::min(at_once, batch_.size() - done));
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

void Sweep::add(Vertex vertex)
{
    if (!search_.has_returned(vertex))
        batch_.push_back(vertex);
}

// A piece of the attributes, from memory or from a page; where the next one begins.
Vertex Sweep::sweep_some(Vertex first)
{
    if (first < passing_.kept())
    {
        for (std::uint64_t good = passing_.word(first / 64); good != 0; good &= good - 1)
            add(first + static_cast<Vertex>(std::countr_zero(good)));
        return first + 64;
    }
    std::uint16_t good[Filter::most_records];
    std::uint32_t count =
        std::min<std::uint32_t>(Filter::most_records, graph_.meta().vertex_count - first);
    const int passed = select_on_page(graph_, passing_.filter(), first, &count, good);
    for (int i = 0; i < passed; ++i)
        add(first + good[i]);
    return first + count;
}

void Sweep::pass()
{
    near_.clear();
    dropped_ = false;
    for (Vertex at = 0; at < graph_.meta().vertex_count;)
    {
        CHECK_FOR_INTERRUPTS();
        at = sweep_some(at);
        if (batch_.size() >= at_once)
            measure();
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
