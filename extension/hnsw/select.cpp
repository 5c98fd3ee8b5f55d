// The heuristic.
#include "hnsw/select.hpp"

#include <algorithm>
#include <cmath>

namespace quiver::hnsw {

namespace {

class Selection
{
public:
    Selection(const Space &space, const Choice *chosen, float self)
        : space_(space),
          chosen_(chosen),
          self_(self)
    {
    }

    // Whether one of the chosen is nearer to the candidate than the vertex is.
    bool shuts_out(const Choice &candidate, int limit)
    {
        int equals = 0;
        for (int done = 0; done < count_; done += batch)
        {
            const int n = std::min(batch, count_ - done);
            float distances[batch];
            space_.distances(candidate.value, values_ + done, static_cast<std::size_t>(n),
                             distances);
            for (int i = 0; i < n; ++i)
                // One that equals the vertex is as far from the candidate as the vertex is.
                if (equals_vertex(chosen_[done + i]))
                    ++equals;
                else if (distances[i] <= candidate.distance)
                    return true;
        }
        return equals_vertex(candidate) && equals >= std::max(1, limit / 4);
    }
    void add() { values_[count_] = chosen_[count_].value, ++count_; }
    int count() const { return count_; }

private:
    static constexpr int batch = 4;

    bool equals_vertex(const Choice &choice) const { return is_self(choice.distance, self_); }

    const Space &space_;
    const Choice *chosen_;
    float self_;
    const void *values_[200];
    int count_ = 0;
};

constexpr int most_passed = 200;

// Swap a vertex to position `at`.
void bring_forward(Choice *candidates, int at, int count, Vertex vertex)
{
    for (int i = at; i < count; ++i)
        if (candidates[i].vertex == vertex)
        {
            std::swap(candidates[at], candidates[i]);
            return;
        }
}

}  // namespace

void sort_choices(Choice *candidates, int count, std::uint32_t salt)
{
    std::sort(candidates, candidates + count, [salt](const Choice &a, const Choice &b) {
        return a.distance != b.distance ? a.distance < b.distance
                                        : tie_order(a.vertex, salt) < tie_order(b.vertex, salt);
    });
}

int select_neighbours(const Space &space, Choice *candidates, int count, ListRoom room, float self)
{
    Selection selection{space, candidates, self};
    // The same inner product is not the same value.
    const bool copies = space.metric == Metric::inner_product;
    Choice passed[most_passed];
    int passed_count = 0;
    for (int i = 0; i < count && selection.count() < room.most; ++i)
    {
        if (selection.shuts_out(candidates[i], room.most))
        {
            if (passed_count < most_passed && (copies || !is_self(candidates[i].distance, self)))
                passed[passed_count++] = candidates[i];
            continue;
        }
        // What is passed over need not stay in order: it is not looked at again.
        std::swap(candidates[selection.count()], candidates[i]);
        selection.add();
    }
    int chosen = selection.count();
    int near = 0;
    for (; near < passed_count && chosen < room.filled - room.far; ++near, ++chosen)
        bring_forward(candidates, chosen, count, passed[near].vertex);
    for (int i = passed_count; i > near && chosen < room.filled; --i, ++chosen)
        bring_forward(candidates, chosen, count, passed[i - 1].vertex);
    return chosen;
}

}  // namespace quiver::hnsw
