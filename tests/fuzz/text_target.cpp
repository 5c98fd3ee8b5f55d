// Fuzz target for a text input function; FUZZ_TYPE names the type.
//
// A text is taken exactly if the plain reader of reference.hpp takes it, and gives the value that
// reader gives; the value keeps its promises and comes back from its own text and bytes.
#include "calls.hpp"
#include "reference.hpp"
#include "value_types.hpp"

#include <cstdlib>

using namespace quiver::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    // In memory of its own, so that reading past the NUL is seen.
    auto *text = static_cast<char *>(std::malloc(size + 1));
    std::memcpy(text, data, size);
    text[size] = '\0';

    Datum value = 0;
    if (attempt([&] { value = read_text<FUZZ_TYPE>(text); }))
    {
        FUZZ_CHECK(accepts<FUZZ_TYPE>(text));
        const int dim = FUZZ_TYPE::check(DatumGetPointer(value));
        FUZZ_CHECK(says<FUZZ_TYPE>(text, DatumGetPointer(value)));
        check_round_trips<FUZZ_TYPE>(value, dim);
    }
    else
    {
        FUZZ_CHECK(!accepts<FUZZ_TYPE>(text));
        check_refusal();
    }
    std::free(text);
    free_all();
    return 0;
}
