// Fuzz target for a receive function; FUZZ_TYPE names the type.
//
// Bytes that are taken give a value that keeps its promises and is sent as exactly those bytes.
#include "calls.hpp"
#include "value_types.hpp"

using namespace quiver::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const auto *bytes = reinterpret_cast<const char *>(data);
    Received received{};
    if (attempt([&] { received = receive<FUZZ_TYPE>(bytes, size); }))
    {
        const int dim = FUZZ_TYPE::check(DatumGetPointer(received.value));
        const bool sent = attempt([&] {
            const bytea *again = send<FUZZ_TYPE>(received.value);
            FUZZ_CHECK(static_cast<int>(VARSIZE_ANY_EXHDR(again)) == received.consumed);
            FUZZ_CHECK(std::memcmp(VARDATA_ANY(again), bytes, VARSIZE_ANY_EXHDR(again)) == 0);
        });
        FUZZ_CHECK(sent);
        check_round_trips<FUZZ_TYPE>(received.value, dim);
    }
    else
        check_refusal();
    free_all();
    return 0;
}
