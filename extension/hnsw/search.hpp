// Searching a layer of the graph: the best-first walk of HNSW, for scans, inserts and repair alike.
//
// A vertex that is expanded is a result unless it has no rows; the nearest `width` of them are the
// answer, because the walk ends only when all that are nearer than its width-th best have been expanded.
// So the copy of a link record that expansion needs also brings the heap pointer, and nothing is read twice.
#pragma once

#include "hnsw/graph.hpp"

#include "pg/array.hpp"

#include <limits>

namespace quiver::hnsw {

class Passing;

struct Candidate
{
    float distance;
    Vertex vertex;
};

// A vertex with rows.
struct Found
{
    float distance;
    Vertex vertex;
    ItemPointerData heap_tid;
    std::uint8_t tid_count;
    std::uint8_t level;
};

// What the work of a walk costs, in nanoseconds, roughly.
struct WalkCosts
{
    double distance;
    double list;  // to read one
    double expansion;  // the rest of it
};

// How many times as long as it took to find the nearest few a filtered walk goes on.
double patience(std::size_t width);

struct SearchCounts
{
    std::int64_t expanded = 0;
    std::int64_t distances = 0;
};

// Which vertices have been seen, a bit each.
class VisitedSet
{
public:
    void reset(Vertex count);
    // Whether it had not been seen before.
    bool add(Vertex vertex)
    {
        const std::size_t word = vertex / 64;
        if (word >= words_) [[unlikely]]
            grow(vertex);
        const std::uint64_t bit = std::uint64_t{1} << (vertex % 64), before = bits_[word];
        bits_[word] = before | bit;
        return (before & bit) == 0;
    }
    bool has(Vertex vertex) const
    {
        return vertex / 64 < words_ && (bits_[vertex / 64] >> (vertex % 64) & 1) != 0;
    }
    void remove(Vertex vertex) { bits_[vertex / 64] &= ~(std::uint64_t{1} << (vertex % 64)); }
    std::size_t bytes() const { return words_ * 8; }

private:
    void grow(Vertex vertex);

    std::uint64_t *bits_ = nullptr;
    std::size_t words_ = 0;
};

inline constexpr float infinitely_far = std::numeric_limits<float>::infinity();

class Search
{
public:
    // `query` is a value in the form that links are chosen by, or null: then all vertices are at distance
    // 0. With `code`, distances are estimated from codes instead.
    Search(Graph &graph, const void *query, const kernels::CodeQuery *code = nullptr)
        : graph_(graph),
          query_(query),
          code_(code)
    {
    }

    // From now on only vertices that pass are results; a walk goes on until it has as many of these, or has
    // cost more than `budget`.
    void filter(Passing *passing, const WalkCosts &costs, double budget);
    // Whether a walk has given up for want of budget.
    bool given_up() const { return given_up_; }
    // Of a filtered search: forget results that have not been taken out of found(), and hold back none.
    void drop_found();
    // Whether a vertex was a result of a filtered walk and was not dropped.
    bool has_returned(Vertex vertex) const { return passing_ != nullptr && passed_.has(vertex); }

    // From the entry point down to `layer`, greedily: a place to begin there.
    Candidate descend(int layer);

    // Walk a layer from some vertices. With `keep_all`, candidates that are too far are kept for
    // resume(). `excluded` is walked through, but is no result.
    void walk(int layer, std::size_t width, const Candidate *from, std::size_t count,
              bool keep_all = false, Vertex excluded = no_vertex);
    // Go on where a walk that kept all ended, with the nearest that were left. The results so far stay
    // with the caller. False if nothing is left.
    bool resume(std::size_t width);

    // Results of the last walk, in no order; there may be more than `width`.
    pg::Array<Found> &found() { return found_; }
    // The nearest `width` results in ascending order; the others are dropped. Ties are ordered by salt.
    void sort_found(std::size_t width, std::uint32_t salt);

    // Those left over by a walk that kept all: the nearest of them, taken out.
    bool take_left(Candidate *out);
    // Of an iterative scan: results farther than a candidate that is still to be expanded, such as those on
    // the way from the entry point, wait for a later turn.
    void hold_back();
    // Bring those that wait back among the results; whether there were any.
    bool release_held();

    const SearchCounts &counts() const { return counts_; }
    std::size_t bytes() const;
    // Numbers were given out again since distances were computed: compute them anew when they count.
    void distrust() { distrusted_ = true; }
    float distance_of(Vertex vertex);
    void measure(const Vertex *vertices, int count, float *out);

private:
    void run();
    void expand(const Candidate &candidate);
    void add_passed(const Candidate &candidate);
    // Add a distance to a heap of the nearest `count`, the farthest first; whether it is among them.
    static bool keep_nearest(pg::Array<float> *heap, std::size_t count, float distance);
    void consider(const Candidate &candidate);
    float nearest_left() const;
    void take_back();
    int new_neighbours(const VertexCopy &copy, Vertex *out);
    void expand_filtered(const Candidate &candidate);
    int passing_neighbours(Vertex *out);
    int look_behind(Vertex bridge, Vertex *out, int *found);
    bool is_settled();
    double spent() const;
    void check_link(Vertex vertex);

    Graph &graph_;
    const void *query_;
    const kernels::CodeQuery *code_;
    Passing *passing_ = nullptr;  // null without a filter
    WalkCosts costs_{};
    double budget_ = 0;
    pg::Array<float> first_;  // of a filtered walk: a heap of the nearest few distances
    std::size_t settled_ = 0;  // results there were when these last changed
    std::int64_t bridged_ = 0;  // vertices that a filtered walk has looked behind
    std::int64_t behind_ = 0;  // those that pass behind them
    bool given_up_ = false;
    int layer_ = 0;
    std::size_t width_ = 0;
    std::size_t width_asked_ = 0;  // it may become wider
    bool keep_all_ = false;
    bool distrusted_ = false;
    Vertex excluded_ = no_vertex;
    pg::Array<Candidate> near_;  // a heap, the nearest first
    // Candidates that were too far when they came, of a walk that keeps all; the nearest of them.
    pg::Array<Candidate> far_;
    float nearest_far_ = infinitely_far;
    pg::Array<float> best_;  // a heap of the nearest width_ distances, the farthest first
    pg::Array<Found> found_;
    pg::Array<Found> held_;
    VisitedSet visited_;
    VisitedSet passed_;  // results of a filtered walk
    VertexCopy copy_;
    VertexCopy bridge_;
    SearchCounts counts_;
};

}  // namespace quiver::hnsw
