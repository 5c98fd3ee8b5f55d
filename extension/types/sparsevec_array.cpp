// Arrays of numbers to sparsevec.
#include "types/sparsevec.hpp"

#include "pg/function.hpp"
#include "types/dense_array.hpp"

#include <algorithm>

using namespace quiver::types;

QUIVER_FUNCTION(array_to_sparsevec)
{
    const NumberArray numbers{PG_GETARG_ARRAYTYPE_P(0)};
    check_sparsevec_dim(numbers.count());
    check_typmod(PG_GETARG_INT32(1), numbers.count());

    // Room for one element too many, which finish() refuses.
    const auto capacity =
        static_cast<std::size_t>(std::min(numbers.count(), sparsevec_max_nonzeros + 1));
    SparseBuilder builder{numbers.count(), capacity};
    numbers.for_each<float>([&builder, capacity](int i, auto number) {
        if (builder.count() < capacity)
            builder.append(i, static_cast<float>(number));
    });
    // Too many elements are reported before one that is not finite.
    SparseVector *result = builder.finish();
    for (std::int32_t i = 0; i < result->nnz; ++i)
        check_sparsevec_element(result->values()[i]);
    PG_RETURN_POINTER(result);
}
