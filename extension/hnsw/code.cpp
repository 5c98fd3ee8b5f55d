// Encoding and preparing: from the index's values to floats, and on to the kernels.
#include "hnsw/code.hpp"

#include "storage/page.hpp"

#include <cstring>

namespace quiver::hnsw {

kernels::CodeSpace code_space(const MetaPage &meta, const float *centre)
{
    const auto metric = meta.metric == Metric::inner_product
                            ? kernels::CodeMetric::negative_inner_product
                            : kernels::CodeMetric::l2_squared;
    return {meta.dims, meta.code_bits, metric, meta.rotation_seed, centre};
}

std::size_t centre_room(const MetaPage &meta)
{
    constexpr std::size_t per_page = storage::page_payload / sizeof(float);
    return (meta.dims + per_page - 1) / per_page * per_page;
}

Coder::Coder(const MetaPage &meta, const float *centre)
    : space_(code_space(meta, centre)),
      kind_(meta.value_kind),
      widened_(static_cast<float *>(palloc(meta.dims * sizeof(float)))),
      scratch_(static_cast<float *>(palloc(meta.dims * sizeof(float)))),
      memory_(
          static_cast<std::int8_t *>(palloc0(kernels::code_query_bytes(meta.dims, meta.code_bits))))
{
}

const float *Coder::floats(const void *value)
{
    if (kind_ == ValueKind::f32)
    {
        // Values in pages need not be aligned.
        std::memcpy(widened_, value, space_.dims * sizeof(float));
        return widened_;
    }
    kernels::active->convert.half_to_float(static_cast<const kernels::Half *>(value), widened_,
                                           space_.dims);
    return widened_;
}

void Coder::encode(const void *value, std::uint8_t *record)
{
    kernels::encode(space_, floats(value), scratch_, record);
}

const kernels::CodeQuery *Coder::prepare(const void *value)
{
    query_ = kernels::prepare_query(space_, floats(value), scratch_, memory_);
    return &query_;
}

const kernels::CodeQuery *Coder::prepare_record(const std::uint8_t *record)
{
    if (centre_norm_ < 0)
    {
        centre_norm_ = 0;
        for (std::uint32_t i = 0; i < space_.dims; ++i)
            centre_norm_ += space_.centre[i] * space_.centre[i];
    }
    query_ = kernels::prepare_record(space_, record, centre_norm_, memory_);
    return &query_;
}

void add_to_sums(const MetaPage &meta, const void *value, double *sums)
{
    for (std::uint32_t i = 0; i < meta.dims; ++i)
        if (meta.value_kind == ValueKind::f32)
        {
            float x;
            std::memcpy(&x, static_cast<const char *>(value) + i * sizeof x, sizeof x);
            sums[i] += static_cast<double>(x);
        }
        else
        {
            kernels::Half x;
            std::memcpy(&x, static_cast<const char *>(value) + i * sizeof x, sizeof x);
            sums[i] += static_cast<double>(kernels::half_to_float(x));
        }
}

namespace {

void compare_codes(const Space &space, const void *from, const void *const *rows, std::size_t count,
                   float *out)
{
    auto *coder = static_cast<Coder *>(space.context);
    const kernels::CodeQuery *query =
        coder->prepare_record(static_cast<const std::uint8_t *>(from));
    coder->estimate_many()(*query, reinterpret_cast<const std::uint8_t *const *>(rows), count, out);
}

float compare_two_codes(const Space &space, const void *a, const void *b)
{
    float out;
    compare_codes(space, a, &b, 1, &out);
    return out;
}

}  // namespace

Space make_code_comparison(Coder *coder)
{
    Space space{ValueKind::f32,
                coder->space().metric == kernels::CodeMetric::l2_squared ? Metric::l2
                                                                         : Metric::inner_product,
                coder->space().dims};
    space.one_ = compare_two_codes;
    space.many_ = compare_codes;
    space.context = coder;
    return space;
}

}  // namespace quiver::hnsw
