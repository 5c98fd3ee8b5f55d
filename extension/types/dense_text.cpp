// Errors of the dense types' text form, and their type modifier.
#include "types/dense_text.hpp"

namespace quiver::types {

bool report_syntax(const char *type, const char *text, const char *detail, Node *escontext)
{
    QUIVER_ERETURN(escontext, false, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                   errmsg("invalid input syntax for type %s: \"%s\"", type, text),
                   detail != nullptr ? errdetail("%s", detail) : 0);
}

bool report_out_of_range(const char *type, const char *number, const char *end, Node *escontext)
{
    QUIVER_ERETURN(escontext, false, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                   errmsg("\"%s\" is out of range for type %s",
                          pnstrdup(number, static_cast<std::size_t>(end - number)), type));
}

std::int32_t read_typmod(const char *type, ArrayType *modifiers)
{
    int count = 0;
    const std::int32_t *values = ArrayGetIntegerTypmods(modifiers, &count);
    if (count != 1)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid type modifier"));
    if (*values < 1)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("dimensions for type %s must be at least 1", type));
    if (*values > dense_max_dim)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("dimensions for type %s cannot exceed %d", type, dense_max_dim));
    return *values;
}

}  // namespace quiver::types
