// Errors of conversions to narrower elements.
#include "types/dense_narrow.hpp"

namespace quiver::types {

void report_not_half(float value)
{
    char text[FLOAT_SHORTEST_DECIMAL_LEN];
    float_to_shortest_decimal_buf(value, text);
    ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
            errmsg("\"%s\" is out of range for type halfvec", text));
    pg_unreachable();
}

void report_not_tiny(double value)
{
    if (!std::isfinite(value))
        report_not_finite("tinyvec", std::isnan(value), nullptr);
    char text[DOUBLE_SHORTEST_DECIMAL_LEN];
    double_to_shortest_decimal_buf(value, text);
    ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
            errmsg("\"%s\" is out of range for type tinyvec", text));
    pg_unreachable();
}

}  // namespace quiver::types
