// The values a graph is built from.
#include "hnsw/build_source.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace quiver::hnsw {

using build::Vertex;

namespace {

std::uint32_t record_bytes(const MetaPage &meta)
{
    return static_cast<std::uint32_t>(kernels::code_record_bytes(meta.dims, meta.code_bits));
}

Coder *make_coder(const MetaPage &meta, const float *centre)
{
    return new (palloc(sizeof(Coder))) Coder(meta, centre);
}

std::size_t record_bytes_of(const kernels::CodeSpace &space)
{
    return kernels::code_record_bytes(space.dims, space.bits);
}

constexpr std::size_t at_once = 32;

// Rows whose cache lines are asked for before the ones that stand in front are compared.
constexpr std::size_t rows_ahead = 8;

// Of a long row the beginning; the processor asks for the rest by itself.
void ask_for(const void *row, std::size_t bytes)
{
    constexpr std::size_t line = 64, most = 16 * line;
    const auto *at = static_cast<const char *>(row);
    const std::size_t length = std::min(bytes, most);
    for (std::size_t i = 0; i < length; i += line)
        __builtin_prefetch(at + i);
    __builtin_prefetch(at + length - 1);
}

}  // namespace

MetaPage Source::hot_meta(const MetaPage &meta)
{
    MetaPage hot = meta;
    hot.code_bits = std::max<std::uint8_t>(meta.code_bits, least_bits);
    return hot;
}

namespace {

std::uint32_t aligned(std::uint32_t bytes) { return (bytes + 7) / 8 * 8; }

}  // namespace

Source::RecordSize Source::size_of(const MetaPage &meta, const Space &space)
{
    if (meta.quantizer == Quantizer::none)
        return {space.fixed_width() ? space.value_size()
                                    : static_cast<std::uint32_t>(sizeof(Spilled)),
                0};
    return {record_bytes(hot_meta(meta)), (meta.code_bits < least_bits ? record_bytes(meta) : 0) +
                                              (meta.value_bytes > 0 ? space.value_size() : 0)};
}

build::ArenaLayout Source::layout_for(const MetaPage &meta, const Space &space,
                                      std::uint32_t max_vertices)
{
    const RecordSize size = size_of(meta, space);
    const std::uint32_t more = meta.attribute_bytes;
    if (meta.quantizer != Quantizer::none)
        return build::make_layout(
            meta.m, size.hot, more == 0 ? size.cold : aligned(size.cold) + more, max_vertices, 0);
    constexpr std::uint32_t most_words = 1 + 2 * sparse_max_nonzeros;
    return build::make_layout(meta.m, more == 0 ? size.hot : aligned(size.hot) + more, 0,
                              max_vertices, space.fixed_width() ? 0 : most_words);
}

Source::Source(const MetaPage &meta, const Space &space, const float *centre, build::Arena *arena)
    : space_(&space),
      arena_(arena),
      attribute_bytes_(meta.attribute_bytes),
      value_bytes_(meta.value_bytes > 0 ? space.value_size() : 0)
{
    const RecordSize size = size_of(meta, space);
    attributes_at_ = aligned(centre == nullptr ? size.hot : size.cold);
    if (centre == nullptr)
        return;
    const MetaPage hot = hot_meta(meta);
    query_coder_ = make_coder(hot, centre);
    other_coder_ = make_coder(hot, centre);
    record_ = static_cast<std::uint8_t *>(palloc(record_bytes(hot)));
    if (meta.code_bits < least_bits)
    {
        short_coder_ = make_coder(meta, centre);
        short_code_bytes_ = record_bytes(meta);
    }
}

build::Distances Source::distances()
{
    return {this,       to_new,    between,
            equals_new, store_new, space_->metric == Metric::inner_product,
            may_share};
}

void Source::set_new(const Value &value, const void *attributes)
{
    new_ = value;
    new_attributes_ = attributes;
    if (!coded())
        return;
    query_coder_->encode(value.bytes, record_);
    query_ = query_coder_->prepare(value.bytes);
}

Value Source::value(Vertex vertex) const
{
    if (coded())
    {
        if (value_bytes_ == 0)
            return {nullptr, 0};
        return {arena_->cold(vertex) + short_code_bytes_, value_bytes_};
    }
    const char *record = arena_->hot(vertex);
    if (space_->fixed_width())
        return {record, space_->value_size()};
    Spilled spilled;
    std::memcpy(&spilled, record, sizeof spilled);
    return {arena_->pool(spilled.word), spilled.size};
}

const void *Source::attributes(Vertex vertex) const
{
    if (attribute_bytes_ == 0)
        return nullptr;
    return (coded() ? arena_->cold(vertex) : arena_->hot(vertex)) + attributes_at_;
}

bool Source::may_share(void *state, Vertex vertex)
{
    const auto *source = static_cast<const Source *>(state);
    return source->attribute_bytes_ == 0 ||
           std::memcmp(source->attributes(vertex), source->new_attributes_,
                       source->attribute_bytes_) == 0;
}

const void *Source::code(Vertex vertex) const
{
    if (!coded())
        return nullptr;
    return short_coder_ != nullptr ? arena_->cold(vertex) : arena_->hot(vertex);
}

void Source::many(const void *from, const Vertex *vertices, std::size_t count, float *out) const
{
    const void *rows[at_once + rows_ahead];
    for (std::size_t begin = 0; begin < count; begin += at_once)
    {
        const std::size_t part = std::min(at_once, count - begin);
        std::size_t asked = 0;
        for (std::size_t done = 0; done < part; done += rows_ahead)
        {
            for (; asked < std::min(part, done + 2 * rows_ahead); ++asked)
            {
                const Value row = value(vertices[begin + asked]);
                rows[asked] = row.bytes;
                ask_for(row.bytes, row.size);
            }
            space_->distances(from, rows + done, std::min(rows_ahead, part - done),
                              out + begin + done);
        }
    }
}

void Source::estimate(const kernels::CodeQuery &query, const Vertex *vertices, std::size_t count,
                      float *out) const
{
    const std::uint8_t *records[at_once];
    for (std::size_t done = 0; done < count; done += at_once)
    {
        const std::size_t part = std::min(at_once, count - done);
        for (std::size_t i = 0; i < part; ++i)
            records[i] = reinterpret_cast<const std::uint8_t *>(arena_->hot(vertices[done + i]));
        query_coder_->estimate_many()(query, records, part, out + done);
    }
}

void Source::to_new(void *state, const Vertex *vertices, std::size_t count, float *out)
{
    const auto *source = static_cast<const Source *>(state);
    if (source->coded())
        source->estimate(*source->query_, vertices, count, out);
    else
        source->many(source->new_.bytes, vertices, count, out);
}

void Source::between(void *state, Vertex from, const Vertex *vertices, std::size_t count,
                     float *out)
{
    auto *source = static_cast<Source *>(state);
    if (!source->coded())
        return source->many(source->value(from).bytes, vertices, count, out);
    // Asked for part by part, one vertex comes several times; a record never changes.
    if (source->other_ != from)
    {
        const char *record = source->arena_->hot(from);
        source->other_query_ =
            source->other_coder_->prepare_record(reinterpret_cast<const std::uint8_t *>(record));
        source->other_ = from;
    }
    source->estimate(*source->other_query_, vertices, count, out);
}

// With codes the hash has said so already, and the code agrees: a value need not be at hand.
bool Source::equals_new(void *state, Vertex vertex)
{
    const auto *source = static_cast<const Source *>(state);
    if (source->coded())
        return std::memcmp(source->arena_->hot(vertex), source->record_,
                           record_bytes_of(source->query_coder_->space())) == 0;
    const Value value = source->value(vertex);
    return value.size == source->new_.size &&
           std::memcmp(value.bytes, source->new_.bytes, value.size) == 0;
}

void Source::store_new(void *state, Vertex vertex)
{
    const auto *source = static_cast<const Source *>(state);
    const Value &value = source->new_;
    char *record = source->arena_->hot(vertex);
    if (source->attribute_bytes_ != 0)
        std::memcpy(const_cast<void *>(source->attributes(vertex)), source->new_attributes_,
                    source->attribute_bytes_);
    if (source->coded())
    {
        std::memcpy(record, source->record_, record_bytes_of(source->query_coder_->space()));
        char *cold = source->arena_->cold(vertex);
        if (source->short_coder_ != nullptr)
            source->short_coder_->encode(value.bytes, reinterpret_cast<std::uint8_t *>(cold));
        if (source->value_bytes_ > 0)
            std::memcpy(cold + source->short_code_bytes_, value.bytes, source->value_bytes_);
        return;
    }
    if (source->space_->fixed_width())
    {
        std::memcpy(record, value.bytes, value.size);
        return;
    }
    const Spilled spilled{source->arena_->take_pool((value.size + 3) / 4), value.size};
    // The builder has asked whether there is room.
    if (spilled.word == build::nothing)
        elog(ERROR, "no room for a value of %u bytes", value.size);
    std::memcpy(source->arena_->pool(spilled.word), value.bytes, value.size);
    std::memcpy(record, &spilled, sizeof spilled);
}

}  // namespace quiver::hnsw
