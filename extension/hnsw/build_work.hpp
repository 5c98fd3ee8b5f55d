// One process's part in a build: rows come in, vertices go into the shared graph; when memory is full the
// graph is flushed, once, and the rest is inserted row by row.
#pragma once

#include "hnsw/attribute.hpp"
#include "hnsw/build_source.hpp"

#include "storage/mapped_memory.hpp"

namespace quiver::hnsw {

// What the processes of one build share: in dynamic shared memory, or in the leader's own.
struct BuildControl
{
    build::ArenaLayout layout;
    alignas(MetaPage) char meta_bytes[offsetof(MetaPage, directory)];
    std::uint64_t hash_seed;  // random, so that nobody can make two values with one hash
    std::uint64_t memory_limit;  // of what the graph takes, in bytes
    // Atomics.
    std::uint64_t indexed_rows;
    std::uint64_t heap_rows;
    std::uint32_t adding;  // processes inside Builder::add
    std::uint32_t stopped;  // the graph takes no more
    std::uint32_t flushed;  // it is in the index

    // Of the index to be; the directory is not there yet.
    const MetaPage &meta() const { return *reinterpret_cast<const MetaPage *>(meta_bytes); }
};

class BuildWork
{
public:
    // `centre` is null without codes.
    BuildWork(const BuildInput &input, BuildControl *control, const float *centre,
              storage::MappedMemory *memory);

    // The table's rows, or this process's share of them.
    void scan(TableScanDesc scan);
    // Write the graph to the index, unless that is done; when nobody adds any more.
    void flush();

    static build::Backing backing(storage::MappedMemory *memory);

private:
    static void take_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive,
                         void *state);
    bool add_to_graph(const Value &value, const void *attributes, const ItemPointerData &tid);
    bool enter();
    void leave();
    void stop();

    const BuildInput *input_;
    BuildControl *control_;
    const float *centre_;
    AttributeForm attributes_;
    build::Arena arena_;
    Source source_;
    build::Builder builder_;
    MemoryContext row_context_;
    pg_prng_state random_;
};

}  // namespace quiver::hnsw
