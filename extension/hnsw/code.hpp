// Codes of an index: the space they live in, made from the metapage and the centre, and encoding.
//
// Codes estimate squared Euclidean distances (cosine too: its values have length 1) or negative inner
// products. They are for float and half values (docs/quantizer.md).
#pragma once

#include "hnsw/format.hpp"
#include "hnsw/space.hpp"

#include "kernels/distance.hpp"
#include "kernels/rabitq.hpp"

namespace quiver::hnsw {

// Whether values of a kind and metric can be coded.
constexpr bool can_code(ValueKind kind, Metric metric)
{
    return (kind == ValueKind::f32 || kind == ValueKind::f16) &&
           (metric == Metric::l2 || metric == Metric::inner_product || metric == Metric::cosine);
}

// `centre` has dims elements, and stays the caller's.
kernels::CodeSpace code_space(const MetaPage &meta, const float *centre);

class Coder
{
public:
    // Allocates its scratch in the current memory context.
    Coder(const MetaPage &meta, const float *centre);

    // The record of a value as the index keeps it: meta.code_bytes.
    void encode(const void *value, std::uint8_t *record);
    // A query prepared from such a value; good until the next call.
    const kernels::CodeQuery *prepare(const void *value);
    // A query prepared from another record.
    const kernels::CodeQuery *prepare_record(const std::uint8_t *record);

    const kernels::CodeSpace &space() const { return space_; }
    auto estimate_many() const
    {
        return kernels::active->code.estimate_many[kernels::code_width(space_.bits)];
    }

private:
    const float *floats(const void *value);

    kernels::CodeSpace space_;
    ValueKind kind_;
    float centre_norm_ = -1;  // when it is asked for
    float *widened_;
    float *scratch_;
    std::int8_t *memory_;
    kernels::CodeQuery query_{};
};

// Floats of the centre, as many as whole pages hold.
std::size_t centre_room(const MetaPage &meta);

// Add a value to sums of `dims` doubles, for a mean.
void add_to_sums(const MetaPage &meta, const void *value, double *sums);

// A space whose values are code records: what links are chosen by where the index keeps no values.
Space make_code_comparison(Coder *coder);

}  // namespace quiver::hnsw
