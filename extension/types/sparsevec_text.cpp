// sparsevec as text: {index:value,...}/dimensions, indices from 1, in any order.
#include "types/sparsevec.hpp"

#include "pg/function.hpp"
#include "types/dense_text.hpp"

#include <algorithm>
#include <climits>

namespace quiver::types {
namespace {

// One literal being read. Every step returns false after a reported error; `at` is where it stands.
struct SparseReader
{
    const char *literal;
    Node *escontext;
    const char *at;

    // "invalid input syntax", with a DETAIL if there is more to say.
    bool syntax_error(const char *detail = nullptr)
    {
        return report_syntax("sparsevec", literal, detail, escontext);
    }

    // Step over `wanted`, with white space allowed around it.
    bool take(char wanted)
    {
        at = skip_space(at);
        if (*at != wanted)
            return false;
        at = skip_space(at + 1);
        return true;
    }

    bool read_int(std::int32_t &value)
    {
        const kernels::IntParse parsed = kernels::parse_int(at);
        if (parsed.status == kernels::IntParse::Status::no_number)
            return syntax_error();
        value = parsed.value;  // out of range is clamped: the bounds check names the fault better
        at = parsed.end;
        return true;
    }

    bool read_float(float &value)
    {
        const kernels::FloatParse parsed = kernels::parse_float(at);
        if (parsed.status == kernels::FloatParse::Status::no_number)
            return syntax_error();
        if (parsed.status == kernels::FloatParse::Status::out_of_range)
            return report_out_of_range("sparsevec", at, parsed.end, escontext);
        value = parsed.value;
        at = parsed.end;
        return check_sparsevec_element(value, escontext);
    }

    bool read_element(SparseBuilder &builder)
    {
        std::int32_t index = 0;
        float value = 0;
        if (!read_int(index))
            return false;
        if (!take(':'))
            return syntax_error();
        if (!read_float(value))
            return false;
        // The least int has no predecessor; its neighbour is as far out of bounds.
        builder.append(std::max(index, INT_MIN + 1) - 1, value);
        return true;
    }

    bool read_elements(SparseBuilder &builder)
    {
        if (!take('{'))
            return syntax_error("Vector contents must start with \"{\".");
        if (take('}'))
            return true;
        do
        {
            at = skip_space(at);
            if (!read_element(builder))
                return false;
        } while (take(','));
        return take('}') || syntax_error();
    }

    bool read_dimensions(std::int32_t &dim)
    {
        if (!take('/'))
            return syntax_error("Unexpected end of input.");
        if (!read_int(dim))
            return false;
        at = skip_space(at);
        return *at == '\0' || syntax_error("Junk after closing.");
    }
};

// Put the elements in index order. Nearly every writer emits them so, and then nothing moves.
void sort_elements(SparseBuilder &builder)
{
    struct Element
    {
        std::int32_t index;
        float value;
    };
    const std::size_t count = builder.count();
    std::int32_t *indices = builder.indices();
    float *values = builder.values();
    if (std::is_sorted(indices, indices + count))
        return;

    auto *elements = static_cast<Element *>(palloc(count * sizeof(Element)));
    for (std::size_t i = 0; i < count; ++i)
        elements[i] = {indices[i], values[i]};
    std::sort(elements, elements + count,
              [](const Element &a, const Element &b) { return a.index < b.index; });
    for (std::size_t i = 0; i < count; ++i)
    {
        indices[i] = elements[i].index;
        values[i] = elements[i].value;
    }
    pfree(elements);
}

// The value of a literal, or null after an error reported through `escontext`.
SparseVector *parse_sparsevec(const char *literal, std::int32_t typmod, Node *escontext)
{
    // One more element than commas; zeros count here, as they do for pgvector.
    std::int32_t capacity = 1;
    for (const char *at = literal; *at != '\0'; ++at)
        capacity += *at == ',';
    if (capacity > sparsevec_max_nonzeros)
        QUIVER_ERETURN(
            escontext, nullptr, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
            errmsg("sparsevec cannot have more than %d non-zero elements", sparsevec_max_nonzeros));

    SparseReader reader{literal, escontext, literal};
    SparseBuilder builder{0, static_cast<std::size_t>(capacity)};
    std::int32_t dim = 0;
    if (!reader.read_elements(builder) || !reader.read_dimensions(dim) ||
        !check_sparsevec_dim(dim, escontext) || !check_typmod(typmod, dim, escontext))
        return nullptr;

    sort_elements(builder);
    const auto count = static_cast<std::int32_t>(builder.count());
    for (std::int32_t i = 0; i < count; ++i)
        if (!check_sparsevec_index(builder.indices(), i, dim, escontext))
            return nullptr;

    SparseVector *result = builder.finish();
    result->dim = dim;
    return result;
}

char *print_sparsevec(const SparseVector *vector)
{
    // Per element an index, a colon, a value and a comma; a dimension and four marks besides.
    // print_float may store a whole word past its text.
    constexpr std::size_t element_size = kernels::int_text_size + kernels::float_text_size + 2;
    constexpr std::size_t frame_size = kernels::int_text_size + kernels::float_text_size + 4;
    const auto count = static_cast<std::size_t>(vector->nnz);
    const float *values = vector->values();
    auto *text = static_cast<char *>(palloc(count * element_size + frame_size));
    char *at = text;

    *at++ = '{';
    for (std::size_t i = 0; i < count; ++i)
    {
        if (i > 0)
            *at++ = ',';
        at = kernels::print_int(vector->indices[i] + 1, at);
        *at++ = ':';
        at = kernels::print_float(values[i], at);
    }
    *at++ = '}';
    *at++ = '/';
    at = kernels::print_int(vector->dim, at);
    *at = '\0';
    return text;
}

}  // namespace
}  // namespace quiver::types

using namespace quiver::types;

QUIVER_FUNCTION(sparsevec_in)
{
    SparseVector *result =
        parse_sparsevec(PG_GETARG_CSTRING(0), PG_GETARG_INT32(2), fcinfo->context);
    if (result == nullptr)
        PG_RETURN_NULL();
    PG_RETURN_POINTER(result);
}

QUIVER_FUNCTION(sparsevec_out)
{
    const SparseVector *vector = QUIVER_ARG_SPARSEVEC(0);
    char *text = print_sparsevec(vector);
    PG_FREE_IF_COPY(const_cast<SparseVector *>(vector), 0);
    PG_RETURN_CSTRING(text);
}

QUIVER_FUNCTION(sparsevec_typmod_in)
{
    int count = 0;
    const std::int32_t *modifiers = ArrayGetIntegerTypmods(PG_GETARG_ARRAYTYPE_P(0), &count);
    if (count != 1)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid type modifier"));
    if (*modifiers < 1)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("dimensions for type sparsevec must be at least 1"));
    if (*modifiers > sparsevec_max_dim)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("dimensions for type sparsevec cannot exceed %d", sparsevec_max_dim));
    PG_RETURN_INT32(*modifiers);
}
