// Reading an index into the server's memory before it is asked.
#include "hnsw/code_copy.hpp"
#include "hnsw/inspect.hpp"

#include "pg/function.hpp"

#include <limits>

using namespace quiver::hnsw;

QUIVER_FUNCTION(quiver_hnsw_prewarm)
{
    Relation index = open_for_inspection(PG_GETARG_OID(0));
    const BlockNumber blocks = RelationGetNumberOfBlocks(index);
    for (BlockNumber block = 0; block < blocks; ++block)
    {
        CHECK_FOR_INTERRUPTS();
        ReleaseBuffer(ReadBuffer(index, block));
    }
    Graph graph{index};
    std::int64_t copied = 0;
    if (graph.meta().entry != no_vertex)
    {
        begin_with_copy(graph, std::numeric_limits<std::uint64_t>::max());
        copied = graph.copy_room();
        graph.leave_copy();
    }
    Datum values[] = {Int64GetDatum(blocks), Int64GetDatum(copied)};
    bool nulls[lengthof(values)] = {};
    index_close(index, AccessShareLock);
    return make_result(fcinfo, values, nulls);
}
