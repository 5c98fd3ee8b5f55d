// Attributes: the columns of an index behind the first, in the form that filters compare (docs/hnsw_filters.md).
//
// A record is a header with a bit for each NULL, then a word for each column, or a set for an array. Words
// are int64 that sort as the column does, or hashes. Persisted.
#pragma once

#include "hnsw/format.hpp"

#include <cstdint>

namespace quiver::hnsw {

struct AttributeHeader
{
    std::uint16_t nulls;  // a bit for each column
    std::uint16_t reserved[3];
};
static_assert(sizeof(AttributeHeader) == 8);

// The elements of an array by their hashes: each, or of more than fit, two bits each of a signature.
struct HashSet
{
    static constexpr std::uint32_t most = 7;
    static constexpr std::uint32_t is_signature = most + 1;
    static constexpr std::uint32_t signature_bits = most * 32;

    std::uint32_t count;  // up to most; is_signature
    std::uint32_t words[most];

    void add(std::uint32_t hash);
    // Whether an element with this hash may be in it.
    bool may_have(std::uint32_t hash) const;

private:
    void sign(std::uint32_t hash);
    bool is_signed(std::uint32_t hash) const;
};
static_assert(sizeof(HashSet) == 32);

inline constexpr std::size_t most_attribute_bytes =
    sizeof(AttributeHeader) + max_attributes * sizeof(HashSet);

// Bytes of an attribute in a record.
constexpr std::uint32_t attribute_size(AttributeKind kind)
{
    return kind == AttributeKind::hash_set ? sizeof(HashSet) : sizeof(std::int64_t);
}

// The records of vertices below `count` by columns, in memory: a mark for each vertex, and its words where those of all
// vertices lie, `capacity` apart.
struct AttributeColumns
{
    // A mark has a record's bits for NULLs, and these. That of a record that is absent is zero.
    static constexpr std::uint32_t present = 1U << 16;
    static constexpr std::uint32_t free = 1U << 17;  // nothing leads to the vertex

    const std::uint32_t *marks;
    const char *words;
    std::uint64_t capacity;
    std::uint32_t count;

    // Entries come and go while they are read: they are published last and taken back first.
    std::uint32_t mark(std::uint32_t vertex) const
    {
        return __atomic_load_n(marks + vertex, __ATOMIC_ACQUIRE);
    }
    // Of the attribute at an offset of the record.
    const char *column(std::uint16_t offset) const
    {
        return words + capacity * (offset - sizeof(AttributeHeader));
    }
};

// An int64 that sorts as a double does; NaN is the greatest, as in SQL.
std::int64_t ordered_word(double value);

// The attributes of an index as its columns say: kinds, offsets, types, record size. A column whose type has
// no place in an index is an error.
void describe_attributes(Relation index, MetaPage *meta);
// That what a metapage says of attributes makes sense.
bool attributes_are_sane(const MetaPage &meta);

// Puts attributes into their form. Looks types up; so not to be used while a Graph is.
class AttributeForm
{
public:
    // Allocates nothing; keeps pointers to `meta`.
    AttributeForm(Relation index, const MetaPage &meta);

    bool any() const { return meta_->attribute_count != 0; }
    AttributeKind kind(int i) const { return meta_->attributes[i].kind; }
    std::uint32_t record_bytes() const { return meta_->attribute_bytes; }
    // The record of a row's columns, values[1] and on, in the current memory context; null without attributes.
    const void *form(const Datum *values, const bool *isnull) const;

    // The word of a value of attribute `i`; `type` is the value's, which may differ among numbers.
    std::int64_t word(int i, Oid type, Datum value) const;
    // The hashes of an array's elements, without NULLs: how many. Allocates.
    int element_hashes(int i, Datum array, std::uint32_t **out, bool *has_null) const;

private:
    const MetaPage *meta_;
    struct Column
    {
        Oid type;  // of what is hashed
        Oid collation;
        FmgrInfo *hash;
    } columns_[max_attributes];
};

}  // namespace quiver::hnsw
