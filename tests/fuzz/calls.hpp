// Calls of a type's four input and output functions, as the server makes them.
#pragma once

#include "server_shim.hpp"

#include <cstdint>
#include <cstring>
#include <vector>

namespace quiver::fuzz {

inline constexpr std::int32_t no_typmod = -1;

inline Datum call(PGFunction function, Datum first, std::int32_t typmod = no_typmod)
{
    LOCAL_FCINFO(fcinfo, 3);
    InitFunctionCallInfoData(*fcinfo, nullptr, 3, InvalidOid, nullptr, nullptr);
    fcinfo->args[0] = {first, false};
    fcinfo->args[1] = {ObjectIdGetDatum(InvalidOid), false};
    fcinfo->args[2] = {Int32GetDatum(typmod), false};
    const Datum result = function(fcinfo);
    FUZZ_CHECK(!fcinfo->isnull && result != 0);
    return result;
}

template <class Type> Datum read_text(const char *text, std::int32_t typmod = no_typmod)
{
    return call(Type::in, CStringGetDatum(text), typmod);
}

template <class Type> const char *print_text(Datum value)
{
    return DatumGetCString(call(Type::out, value));
}

struct Received
{
    Datum value;
    int consumed;
};

// `bytes` is not followed by a NUL, though the server's messages are: nobody may count on it.
template <class Type>
Received receive(const char *bytes, std::size_t size, std::int32_t typmod = no_typmod)
{
    StringInfoData message;
    message.data = const_cast<char *>(bytes);
    message.len = static_cast<int>(size);
    message.maxlen = message.len;
    message.cursor = 0;
    const Datum value = call(Type::recv, PointerGetDatum(&message), typmod);
    return {value, message.cursor};
}

template <class Type> const bytea *send(Datum value)
{
    return reinterpret_cast<const bytea *>(DatumGetPointer(call(Type::send, value)));
}

inline bool same_value(Datum a, Datum b)
{
    const void *left = DatumGetPointer(a);
    const void *right = DatumGetPointer(b);
    return VARSIZE(left) == VARSIZE(right) && std::memcmp(left, right, VARSIZE(left)) == 0;
}

// A refusal has a reason that its contract names: bad text, out of range, bad data, a limit, a
// message cut short. Anything else, an internal error above all, is a finding.
inline void check_refusal()
{
    switch (raised_sqlstate)
    {
    case ERRCODE_INVALID_TEXT_REPRESENTATION:
    case ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE:
    case ERRCODE_DATA_EXCEPTION:
    case ERRCODE_PROGRAM_LIMIT_EXCEEDED:
    case ERRCODE_PROTOCOL_VIOLATION:
        return;
    default:
        report_finding("a refusal has one of the contract's SQLSTATEs", __FILE__, __LINE__);
    }
}

// What must hold for any value, however it came in: it goes out as text and as bytes and comes
// back the same, and its own dimensions are the only type modifier that takes it.
template <class Type> void check_round_trips(Datum value, int dim)
{
    const bool returned = attempt([&] {
        const char *text = print_text<Type>(value);
        FUZZ_CHECK(same_value(read_text<Type>(text, dim), value));
        const bytea *bytes = send<Type>(value);
        const Received back = receive<Type>(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), dim);
        FUZZ_CHECK(back.consumed == static_cast<int>(VARSIZE_ANY_EXHDR(bytes)));
        FUZZ_CHECK(same_value(back.value, value));
    });
    FUZZ_CHECK(returned);
    const bool other_dim = attempt([&] { read_text<Type>(print_text<Type>(value), dim + 1); });
    FUZZ_CHECK(!other_dim && raised_sqlstate == ERRCODE_DATA_EXCEPTION);
}

}  // namespace quiver::fuzz
