// From a column's value to the form the index keeps, and from an operator class to a space.
#include "hnsw/space.hpp"

#include "types/bit.hpp"
#include "types/dense_arithmetic.hpp"
#include "types/sparsevec.hpp"

#include <cstring>

extern "C" {
Datum vector_l2_squared_distance(PG_FUNCTION_ARGS);
Datum vector_negative_inner_product(PG_FUNCTION_ARGS);
Datum l1_distance(PG_FUNCTION_ARGS);
Datum halfvec_l2_squared_distance(PG_FUNCTION_ARGS);
Datum halfvec_negative_inner_product(PG_FUNCTION_ARGS);
Datum halfvec_l1_distance(PG_FUNCTION_ARGS);
Datum tinyvec_l2_squared_distance(PG_FUNCTION_ARGS);
Datum tinyvec_negative_inner_product(PG_FUNCTION_ARGS);
Datum tinyvec_cosine_distance(PG_FUNCTION_ARGS);
Datum tinyvec_l1_distance(PG_FUNCTION_ARGS);
Datum hamming_distance(PG_FUNCTION_ARGS);
Datum jaccard_distance(PG_FUNCTION_ARGS);
Datum sparsevec_l2_squared_distance(PG_FUNCTION_ARGS);
Datum sparsevec_negative_inner_product(PG_FUNCTION_ARGS);
Datum sparsevec_l1_distance(PG_FUNCTION_ARGS);
Datum sparsevec_l2_normalize(PG_FUNCTION_ARGS);
}

namespace quiver::hnsw {

namespace {

constexpr int distance_procedure = 1;
constexpr int norm_procedure = 2;

struct KnownDistance
{
    PGFunction function;
    ValueKind kind;
    Metric metric;
};

// Cosine of the types that are scaled to length 1 has the function of the inner product, and a norm.
const KnownDistance known_distances[] = {
    {vector_l2_squared_distance, ValueKind::f32, Metric::l2},
    {vector_negative_inner_product, ValueKind::f32, Metric::inner_product},
    {l1_distance, ValueKind::f32, Metric::l1},
    {halfvec_l2_squared_distance, ValueKind::f16, Metric::l2},
    {halfvec_negative_inner_product, ValueKind::f16, Metric::inner_product},
    {halfvec_l1_distance, ValueKind::f16, Metric::l1},
    {tinyvec_l2_squared_distance, ValueKind::i8, Metric::l2},
    {tinyvec_negative_inner_product, ValueKind::i8, Metric::inner_product},
    {tinyvec_cosine_distance, ValueKind::i8, Metric::cosine},
    {tinyvec_l1_distance, ValueKind::i8, Metric::l1},
    {hamming_distance, ValueKind::bits, Metric::hamming},
    {jaccard_distance, ValueKind::bits, Metric::jaccard},
    {sparsevec_l2_squared_distance, ValueKind::sparse, Metric::l2},
    {sparsevec_negative_inner_product, ValueKind::sparse, Metric::inner_product},
    {sparsevec_l1_distance, ValueKind::sparse, Metric::l1},
};

void check_dims(const char *type, int value, std::uint32_t index)
{
    if (value != static_cast<int>(index))
        types::report_different_dims(type, value, static_cast<int>(index));
}

template <class T> bool form_dense(const Space &space, Datum datum, Value *out)
{
    const types::View<T> view{datum};
    check_dims(types::Element<T>::type_name, view.dim(), space.dims);
    out->size = space.value_size();
    if (space.metric != Metric::cosine)
    {
        void *copy = palloc(out->size);
        std::memcpy(copy, view.elements(), out->size);
        out->bytes = copy;
        return true;
    }
    if (!(types::norm_squared(view) > 0))
        return false;
    out->bytes = types::normalize(view)->x;
    return true;
}

bool form_tiny(const Space &space, Datum datum, Value *out)
{
    const types::View<std::int8_t> view{datum};
    check_dims("tinyvec", view.dim(), space.dims);
    if (space.metric == Metric::cosine && !(types::norm_squared(view) > 0))
        return false;
    out->size = space.value_size();
    void *copy = palloc(out->size);
    std::memcpy(copy, view.elements(), out->size);
    out->bytes = copy;
    return true;
}

bool form_bits(const Space &space, Datum datum, Value *out)
{
    const types::BitView view = types::bits_from_datum(datum);
    if (view.length != static_cast<std::int32_t>(space.dims))
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("different bit lengths %u and %u", static_cast<unsigned>(view.length),
                       space.dims));
    out->size = space.value_size();
    void *copy = palloc(out->size);
    std::memcpy(copy, view.bytes, out->size);
    out->bytes = copy;
    return true;
}

bool form_sparse(const Space &space, Datum datum, Value *out)
{
    const types::SparseVector *vector = types::sparsevec_from_datum(datum);
    check_dims("sparsevec", vector->dim, space.dims);
    if (vector->nnz > sparse_max_nonzeros)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("sparsevec cannot have more than %d non-zero elements for hnsw index",
                       sparse_max_nonzeros));
    if (space.metric == Metric::cosine)
    {
        if (!(types::sparsevec_norm(vector) > 0))
            return false;
        vector = reinterpret_cast<const types::SparseVector *>(
            DatumGetPointer(DirectFunctionCall1(sparsevec_l2_normalize, PointerGetDatum(vector))));
    }
    const auto count = static_cast<std::size_t>(vector->nnz);
    out->size = static_cast<std::uint32_t>(4 + count * 8);
    auto *words = static_cast<std::int32_t *>(palloc(out->size));
    words[0] = vector->nnz;
    std::memcpy(words + 1, vector->indices, count * 8);
    out->bytes = words;
    return true;
}

}  // namespace

void space_of_index(Relation index, ValueKind *kind, Metric *metric)
{
    if (!OidIsValid(index_getprocid(index, 1, distance_procedure)))
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("type not supported for hnsw index"),
                errdetail("The first column is what is searched; a class of type %s is for columns "
                          "behind it, by which rows are filtered.",
                          format_type_be(index->rd_opcintype[0])),
                errhint("Name the column of vectors first."));
    const PGFunction function = index_getprocinfo(index, 1, distance_procedure)->fn_addr;
    for (const KnownDistance &known : known_distances)
        if (known.function == function)
        {
            *kind = known.kind;
            *metric = known.metric;
            if (known.metric == Metric::inner_product &&
                OidIsValid(index_getprocid(index, 1, norm_procedure)))
                *metric = Metric::cosine;
            return;
        }
    ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
            errmsg("type not supported for hnsw index"));
}

bool form_value(const Space &space, Datum datum, Value *out)
{
    switch (space.kind)
    {
    case ValueKind::f32:
        return form_dense<float>(space, datum, out);
    case ValueKind::f16:
        return form_dense<kernels::Half>(space, datum, out);
    case ValueKind::i8:
        return form_tiny(space, datum, out);
    case ValueKind::bits:
        return form_bits(space, datum, out);
    case ValueKind::sparse:
        return form_sparse(space, datum, out);
    }
    return false;
}

}  // namespace quiver::hnsw
