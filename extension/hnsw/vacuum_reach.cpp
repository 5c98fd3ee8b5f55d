// Vacuum's last step, and that of a build whose workers inserted rows: whatever the entry point
// does not lead to on layer 0 gets links again.
//
// Inserts lose no way, but two that prune neighbouring lists at once may, and so may repair, or a crash between
// the records of an insert. Link pages are read in their order, again until a pass brings nothing new: a few times.
#include "hnsw/vacuum.hpp"

namespace quiver::hnsw {

namespace {

class Reach
{
public:
    Reach(Graph &graph, Writer &writer, BufferAccessStrategy strategy)
        : graph_(graph),
          writer_(writer),
          strategy_(strategy),
          step_(AllocSetContextCreate(CurrentMemoryContext, "hnsw reach", ALLOCSET_DEFAULT_SIZES)),
          count_(graph.meta().vertex_count),
          reached_(count_),
          followed_(count_)
    {
    }

    // How many vertices were linked.
    std::size_t mend()
    {
        see(graph_.meta().entry);
        while (more_)
        {
            more_ = false;
            for_link_pages(graph_, [&](const LinkPage &page) { follow(page); });
        }
        std::size_t mended = 0;
        for_link_pages(graph_, [&](const LinkPage &page) { mended += mend(page); });
        return mended;
    }

private:
    // Numbers given out since the beginning are left alone.
    bool see(Vertex vertex)
    {
        if (vertex >= count_ || reached_.has(vertex))
            return false;
        reached_.add(vertex);
        return more_ = true;
    }

    bool is_open(Vertex vertex) const { return reached_.has(vertex) && !followed_.has(vertex); }

    // Follow the links of a page's vertices that have been reached, until it has no more of them.
    void follow(const LinkPage &page)
    {
        int at = 0;
        while (at < page.count && !is_open(page.first + static_cast<Vertex>(at)))
            ++at;
        if (at == page.count)
            return;
        pg::delay_vacuum();
        pg::Pin pin;
        pin_page(graph_, page, strategy_, BUFFER_LOCK_SHARE, &pin);
        for (bool again = true; again;)
        {
            again = false;
            for (int i = 0; i < page.count; ++i)
            {
                const Vertex vertex = page.first + static_cast<Vertex>(i);
                if (!is_open(vertex))
                    continue;
                followed_.add(vertex);
                const LinkRecord *record = graph_.link_record(pin.page(), vertex);
                graph_.check_record(record, page.block);
                for (int link = 0; record->is_live() && link < record->link_count; ++link)
                    again = see(record->links[link]) || again;
            }
        }
    }

    // Link the page's vertices that were not reached.
    std::size_t mend(const LinkPage &page)
    {
        Vertex lost[BLCKSZ / sizeof(LinkRecord)];
        int count = 0;
        for (int i = 0; i < page.count; ++i)
            if (const Vertex vertex = page.first + static_cast<Vertex>(i);
                vertex < count_ && !reached_.has(vertex))
                lost[count++] = vertex;
        std::size_t mended = 0;
        MemoryContext caller = MemoryContextSwitchTo(step_);
        for (int i = 0; i < count; ++i)
        {
            pg::delay_vacuum();
            if (!reached_.has(lost[i]) && attach(lost[i]))
                ++mended;
            MemoryContextReset(step_);
        }
        MemoryContextSwitchTo(caller);
        return mended;
    }

    bool attach(Vertex vertex)
    {
        VertexCopy copy;
        graph_.read(vertex, -1, &copy);
        if (!copy.has_rows())
            return false;
        Neighbours neighbours;
        find_neighbours(graph_, graph_.value_of(vertex), 0, vertex, &neighbours);
        link_neighbours_back(graph_, writer_, vertex, neighbours, 0);
        spread(vertex);
        return true;
    }

    // All that a vertex leads to can be reached now.
    void spread(Vertex from)
    {
        pg::Array<Vertex> open;
        VertexCopy copy;
        (void) see(from);
        open.push_back(from);
        while (!open.empty())
        {
            CHECK_FOR_INTERRUPTS();
            graph_.read(open.back(), 0, &copy);
            open.pop_back();
            for (int i = 0; i < copy.link_count; ++i)
                if (see(copy.links[i]))
                    open.push_back(copy.links[i]);
        }
    }

    Graph &graph_;
    Writer &writer_;
    BufferAccessStrategy strategy_;
    MemoryContext step_;
    Vertex count_;
    VertexSet reached_;
    VertexSet followed_;
    bool more_ = false;
};

}  // namespace

void mend_reach(Graph &graph, Writer &writer, BufferAccessStrategy strategy)
{
    // By inner product a few great vectors are everybody's nearest: every vertex out of reach would take a place
    // in their lists, and searches need these.
    if (graph.meta().entry == no_vertex || graph.space().metric == Metric::inner_product)
        return;
    auto *reach = new (palloc(sizeof(Reach))) Reach{graph, writer, strategy};
    const std::size_t mended = reach->mend();
    ereport(DEBUG2, errmsg_internal("linked %zu vertices that nothing led to", mended));
}

}  // namespace quiver::hnsw
