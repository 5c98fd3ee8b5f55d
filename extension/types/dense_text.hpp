// Text form of the dense types: "[1,2,3]", white space allowed round every token.
#pragma once

#include "kernels/text_float.hpp"
#include "types/dense.hpp"

namespace quiver::types {

// One element read from text. `end` is the text itself if there is no number.
template <class T> struct ElementText
{
    T value;
    const char *end;
    bool out_of_range;
};

template <class T> ElementText<T> read_element(const char *text)
{
    if constexpr (std::is_same_v<T, std::int8_t>)
    {
        const kernels::IntParse parse = kernels::parse_int(text);
        return {static_cast<T>(parse.value), parse.end, parse.value < -128 || parse.value > 127};
    }
    else
    {
        const kernels::FloatParse parse = kernels::parse_float(text);
        const bool too_large =
            parse.status == kernels::FloatParse::Status::out_of_range && std::isinf(parse.value);
        if constexpr (std::is_same_v<T, float>)
            return {parse.value, parse.end, too_large};
        else
        {
            const Half value = kernels::float_to_half(parse.value);
            return {value, parse.end,
                    too_large || (is_infinite(value) && !std::isinf(parse.value))};
        }
    }
}

// Room an element may need, its separator included.
template <class T>
inline constexpr int element_text_size =
    std::is_same_v<T, std::int8_t> ? 5 : kernels::float_text_size + 1;

template <class T> char *print_element(T value, char *out)
{
    if constexpr (std::is_same_v<T, std::int8_t>)
        return kernels::print_int(value, out);
    else if constexpr (std::is_same_v<T, Half>)
        return kernels::print_half(value, out);
    else
        return kernels::print_float(value, out);
}

inline const char *skip_space(const char *text)
{
    while (*text == ' ' || (*text >= '\t' && *text <= '\r'))
        ++text;
    return text;
}

// Report text that is no vector; `detail` may be null. Returns false.
bool report_syntax(const char *type, const char *text, const char *detail, Node *escontext);
bool report_out_of_range(const char *type, const char *number, const char *end, Node *escontext);

// Read all elements into `x`; the count, or 0 if the text was refused through `escontext`.
template <class T> int read_elements(const char *text, T *x, Node *escontext)
{
    const char *type = Element<T>::type_name;
    const char *at = skip_space(text);
    if (*at != '[')
        return report_syntax(type, text, "Vector contents must start with \"[\".", escontext);
    at = skip_space(at + 1);
    if (*at == ']')
        return check_dim<T>(0, escontext);

    int dim = 0;
    for (;;)
    {
        if (dim == dense_max_dim)
            return check_dim<T>(dim + 1, escontext);
        at = skip_space(at);
        const ElementText<T> element = read_element<T>(at);
        if (element.end == at)
            return report_syntax(type, text, nullptr, escontext);
        if (element.out_of_range)
            return report_out_of_range(type, at, element.end, escontext);
        if (!check_element(element.value, escontext))
            return 0;
        x[dim++] = element.value;

        at = skip_space(element.end);
        if (*at == ',')
            ++at;
        else if (*at == ']')
            break;
        else
            return report_syntax(type, text, nullptr, escontext);
    }
    if (*skip_space(at + 1) != '\0')
        return report_syntax(type, text, "Junk after closing right brace.", escontext);
    return dim;
}

template <class T> Datum dense_in(FunctionCallInfo fcinfo)
{
    const char *text = PG_GETARG_CSTRING(0);
    const std::int32_t typmod = PG_GETARG_INT32(2);
    T x[dense_max_dim];

    const int dim = read_elements(text, x, fcinfo->context);
    if (dim == 0 || !check_typmod(typmod, dim, fcinfo->context))
        return Datum{0};  // the error is in the context
    Dense<T> *result = make_dense<T>(dim);
    std::memcpy(result->x, x, static_cast<std::size_t>(dim) * sizeof(T));
    PG_RETURN_POINTER(result);
}

template <class T> Datum dense_out(FunctionCallInfo fcinfo)
{
    View<T> vector{PG_GETARG_DATUM(0)};
    // Brackets and NUL; the last element's room ends before the number printer's scratch does.
    auto *result = static_cast<char *>(
        palloc(vector.count() * element_text_size<T> + kernels::half_text_size + 3));
    char *out = result;
    *out++ = '[';
    for (int i = 0; i < vector.dim(); ++i)
    {
        if (i > 0)
            *out++ = ',';
        out = print_element(vector[i], out);
    }
    *out++ = ']';
    *out = '\0';
    vector.release();
    PG_RETURN_CSTRING(result);
}

// (n) in CREATE TABLE: the dimensions.
std::int32_t read_typmod(const char *type, ArrayType *modifiers);

template <class T> Datum dense_typmod_in(FunctionCallInfo fcinfo)
{
    PG_RETURN_INT32(read_typmod(Element<T>::type_name, PG_GETARG_ARRAYTYPE_P(0)));
}

}  // namespace quiver::types
