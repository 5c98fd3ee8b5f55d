// Options and settings of hnsw indexes: names, ranges and defaults are pgvector's, with quiver's own added.
#pragma once

#include "hnsw/format.hpp"

namespace quiver::hnsw {

// WITH (...), as the relation cache keeps it.
struct Options
{
    std::int32_t vl_len_;
    int m;
    int ef_construction;
    int quantizer;  // Quantizer
    int bits;  // 0: auto
    int rerank;  // Rerank
};

enum class IterativeScan
{
    off,
    relaxed_order,
    strict_order
};

// Settings of the session.
extern int ef_search;
extern int iterative_scan;  // IterativeScan
extern int max_scan_tuples;
extern double scan_mem_multiplier;

// Parse and check WITH (...); the amoptions callback.
bytea *parse_options(Datum reloptions, bool validate);

// Everything of "what the index is" from the index's catalog entries; limits are checked here. The
// metapage's state is that of an empty index.
void describe_index(Relation index, MetaPage *meta);

// Reloptions and settings; from _PG_init.
void define_options();

}  // namespace quiver::hnsw
