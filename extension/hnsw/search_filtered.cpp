// The walk of a search with conditions on attributes.
//
// While attributes are in memory, only vertices that pass are measured. A neighbour that does not pass leads on to
// those behind it that do (ACORN: Patel and others 2024, arXiv 2403.04871), and is walked to itself only where too few
// pass. So the walk follows the graph of those that pass, as dense as the graph of all, at a fraction of its distances.
#include "hnsw/passing.hpp"
#include "hnsw/search.hpp"

#include <algorithm>

namespace quiver::hnsw {

namespace {

constexpr std::size_t first_few = 10;
// From when on a walk tells whether it is on hard ground, and how much cheaper than a sweep the rest of it has to be.
constexpr std::size_t soon = 40;
constexpr double cheaper = 3;
// How many that pass are looked for behind a list, in multiples of m. With one m a step reads fewer lists, but it takes
// twice as many steps, and the nearest come later.
constexpr int density = 3;

}  // namespace

// Twice for those who ask for little, three times from hnsw.ef_search's default on.
double patience(std::size_t width)
{
    constexpr double least = 10, usual = 40;
    return 2 + (std::clamp(static_cast<double>(width), least, usual) - least) / (usual - least);
}

void Search::filter(Passing *passing, const WalkCosts &costs, double budget)
{
    passing_ = passing;
    costs_ = costs;
    budget_ = budget;
    passed_.reset(graph_.meta().vertex_count);
}

double Search::spent() const
{
    return static_cast<double>(counts_.distances) * costs_.distance +
           static_cast<double>(counts_.expanded + bridged_) * costs_.list +
           static_cast<double>(counts_.expanded) * costs_.expansion;
}

void Search::drop_found()
{
    (void) release_held();
    for (const Found &f : found_)
        passed_.remove(f.vertex);
    found_.clear();
}

// Of a filtered walk the width counts vertices that have been expanded and pass.
void Search::add_passed(const Candidate &candidate)
{
    if (!passing_->has(candidate.vertex) || !passed_.add(candidate.vertex))
        return;
    found_.push_back(
        {candidate.distance, candidate.vertex, copy_.heap_tid, copy_.tid_count, copy_.level});
    (void) keep_nearest(&best_, width_, candidate.distance);
    if (keep_nearest(&first_, first_few, candidate.distance))
        settled_ = found_.size();
}

// As few lists are followed, some of the nearest may come late: the walk ends no sooner than when it has gone on for
// some times, patience(), as long as it took to find the nearest few. One that has far to go for that is on hard
// ground, where walks miss most: a sweep takes over, which misses nothing.
bool Search::is_settled()
{
    const std::size_t found = found_.size();
    const auto wanted =
        static_cast<std::size_t>(patience(width_asked_) * static_cast<double>(settled_));
    if (found >= wanted)
        return true;
    const double rest = spent() * static_cast<double>(wanted - found) / static_cast<double>(found);
    given_up_ = wanted > width_asked_ && found >= soon && rest > budget_ / cheaper;
    width_ = std::max(width_, wanted);
    return given_up_;
}

// Add to `found` those behind a vertex that pass and are new; how many pass, new or not.
int Search::look_behind(Vertex bridge, Vertex *out, int *found)
{
    graph_.read(bridge, layer_, &bridge_);
    int passing = 0;
    for (int i = 0; i < bridge_.link_count; ++i)
    {
        const Vertex vertex = bridge_.links[i];
        check_link(vertex);
        if (!passing_->has(vertex))
            continue;
        ++passing;
        if (*found < most_links && visited_.add(vertex))
            out[(*found)++] = vertex;
    }
    ++bridged_;
    behind_ += passing;
    return passing;
}

// What the list that has been read would hold in a graph of those that pass: they themselves, then those behind the
// others, until there are 3 m, new or not. Where there are few the others lead on as well.
int Search::passing_neighbours(Vertex *out)
{
    // What was looked behind before is taken to have brought as many as others did.
    const int usual = bridged_ > 0 ? static_cast<int>(behind_ / bridged_) : 0;
    const int enough = density * graph_.m();
    Vertex bridges[most_links];
    int found = 0, count = 0, passing = 0;
    for (int i = 0; i < copy_.link_count; ++i)
    {
        const Vertex vertex = copy_.links[i];
        check_link(vertex);
        if (passing_->has(vertex))
        {
            ++passing;
            if (visited_.add(vertex))
                out[found++] = vertex;
        }
        else if (visited_.has(vertex))
            passing += usual;
        else
            bridges[count++] = vertex;
    }
    int crossed = 0;
    for (int i = 0; i < count && i < 2 && passing < enough; ++i)
        graph_.prefetch_links(bridges[i]);
    for (; crossed < count && passing < enough; ++crossed)
    {
        if (crossed + 2 < count)
            graph_.prefetch_links(bridges[crossed + 2]);
        (void) visited_.add(bridges[crossed]);
        passing += look_behind(bridges[crossed], out, &found);
    }
    if (passing < graph_.m() / 4)
        for (int i = 0; i < crossed && found < most_links; ++i)
            out[found++] = bridges[i];
    return found;
}

// The candidate's record has been read.
void Search::expand_filtered(const Candidate &candidate)
{
    if (copy_.has_rows())
        add_passed(candidate);
    Vertex fresh[most_links];
    float distances[most_links];
    const int count =
        graph_.columns() != nullptr ? passing_neighbours(fresh) : new_neighbours(copy_, fresh);
    measure(fresh, count, distances);
    for (int i = 0; i < count; ++i)
        consider({distances[i], fresh[i]});
}

}  // namespace quiver::hnsw
