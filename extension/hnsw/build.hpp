// Building an index: what ambuild calls, and what every builder shares.
#pragma once

#include "hnsw/graph_writer.hpp"
#include "hnsw/space.hpp"

namespace quiver::hnsw {

struct BuildCounts
{
    double heap_rows;
    double indexed_rows;
};

// What a build starts from.
struct BuildInput
{
    Relation heap;
    Relation index;
    IndexInfo *info;
    const Space *space;
    const MetaPage *meta;  // of the index to be, without state
};

// Fill an empty relation with the index of `input.heap`: metapage, pages, WAL.
BuildCounts build_index(const BuildInput &input);

// The mean of a sample of the rows: centre_room() floats, zero behind the dimensions.
void sample_centre(const BuildInput &input, float *centre);

// A level drawn as HNSW asks: floor(-ln(u) / ln(m)), up to `highest`.
int draw_level(pg_prng_state *state, int m, int highest);

}  // namespace quiver::hnsw
