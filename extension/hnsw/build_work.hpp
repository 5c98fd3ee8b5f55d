// One process's part in a build: rows come in, and go batch by batch into the shared graph; when memory is
// full the graph is flushed, once, and the rest is inserted row by row.
#pragma once

#include "hnsw/attribute.hpp"
#include "hnsw/build_batch.hpp"
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
    std::uint64_t batch_bytes;  // of the rows that each process has read and not added
    std::uint32_t processes;
    std::uint32_t heap_blocks;
    // Atomics.
    std::uint64_t taken_rows;  // read, to be indexed
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
    // When nobody adds any more: all that the table has is in the index and, but by inner product, the
    // entry point leads to it.
    void finish();

    static build::Backing backing(storage::MappedMemory *memory);

private:
    static void take_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive,
                         void *state);
    void take(const NewRow &row);
    std::size_t batch_limit() const;
    void add_batch();
    void add(const NewRow &row);
    bool add_to_graph(const NewRow &row);
    bool enter();
    void leave();
    void stop();
    void make_reachable();
    void flush();

    const BuildInput *input_;
    BuildControl *control_;
    const float *centre_;
    AttributeForm attributes_;
    build::Arena arena_;
    Source source_;
    build::Builder builder_;
    Batch batch_;
    // Of this process's part of the table.
    std::uint64_t rows_ = 0, blocks_ = 0;
    BlockNumber block_ = InvalidBlockNumber;
    MemoryContext row_context_;
    MemoryContext insert_context_;
    pg_prng_state random_;
};

}  // namespace quiver::hnsw
