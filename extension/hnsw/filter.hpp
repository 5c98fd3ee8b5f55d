// The conditions of a scan on attribute columns, as tests of attribute records (docs/hnsw_filters.md).
#pragma once

#include "hnsw/attribute.hpp"
#include "hnsw/graph.hpp"

#include "pg/array.hpp"

namespace quiver::hnsw {

// Strategy numbers of the attribute classes; 1 is the order by distance.
enum class Strategy : std::uint16_t
{
    less = 2,
    less_equal = 3,
    equal = 4,
    greater_equal = 5,
    greater = 6,
    overlap = 7,
    contains = 8,
};

class Filter
{
public:
    // Allocates in the current memory context; looks types up, so not while a Graph is in use.
    Filter(Relation index, const MetaPage &meta, const ScanKeyData *keys, int count);

    // Whether there is anything to test; whether nothing can pass.
    bool any() const { return never_ || !conditions_.empty(); }
    bool never() const { return never_; }
    // Whether a record that passes may be of a row that does not.
    bool lossy() const { return lossy_; }

    bool passes(const void *record) const;
    bool passes_on_page(Graph &graph, Vertex vertex) const;
    // Of adjacent records: the indexes of those that pass; how many.
    int select(const char *records, int count, std::uint16_t *out) const;
    // Of 64 * `blocks` vertices from `first` on, by columns: a bit for each that passes, and for each that is not
    // there. Up to most_blocks.
    void test(const AttributeColumns &columns, Vertex first, std::size_t blocks,
              std::uint64_t *good, std::uint64_t *absent) const;

    static constexpr int most_records = BLCKSZ / sizeof(AttributeHeader);
    static constexpr std::size_t most_blocks = 8;

private:
    enum class Test : std::uint8_t
    {
        null,
        not_null,
        range,
        set,
        overlap,
        contains,
    };
    struct Condition
    {
        Test test;
        std::uint16_t null_bit;
        std::uint16_t offset;
        int count;
        std::int64_t low, high;
        const std::int64_t *words;  // sorted
        const std::uint32_t *hashes;
    };

    void add(const AttributeForm &form, const MetaPage &meta, const ScanKeyData &key);
    void add_range(AttributeKind kind, Strategy strategy, std::int64_t word, Condition *out);
    void add_any_of(const AttributeForm &form, int column, const ScanKeyData &key, Condition *out);
    void add_elements(const AttributeForm &form, int column, const ScanKeyData &key,
                      Condition *out);
    // `value`: of the attribute that the condition is on.
    static bool passes(const Condition &condition, std::uint32_t nulls, const char *value);
    static void test(const AttributeColumns &columns, const Condition &condition, Vertex first,
                     std::size_t blocks, std::uint64_t *good);
    void join_ranges();

    pg::Array<Condition> conditions_;
    std::uint32_t record_bytes_;
    std::uint32_t unwanted_ = AttributeColumns::free;  // in a vertex's mark
    bool never_ = false;
    bool lossy_ = false;
};

}  // namespace quiver::hnsw
