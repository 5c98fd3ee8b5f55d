// The memory of a call site: the last out-of-line pointer of each argument, and its value.
#include "pg/repeated_argument.hpp"

#include <cstring>

namespace quiver::pg {
namespace {

struct Slot
{
    varatt_external pointer;
    varlena *value;  // null until the pointer comes a second time
};

struct CallSite
{
    Slot slots[2];
};

}  // namespace

Datum fetch_repeated(FunctionCallInfo fcinfo, int position)
{
    const Datum datum = fcinfo->args[position].value;
    FmgrInfo *function = fcinfo->flinfo;
    if (function == nullptr)
        return datum;
    if (function->fn_extra == nullptr)
        function->fn_extra = MemoryContextAllocZero(function->fn_mcxt, sizeof(CallSite));
    Slot &slot = static_cast<CallSite *>(function->fn_extra)->slots[position];

    auto *stored = reinterpret_cast<varlena *>(DatumGetPointer(datum));
    varatt_external pointer;
    VARATT_EXTERNAL_GET_POINTER(pointer, stored);
    if (std::memcmp(&pointer, &slot.pointer, sizeof pointer) != 0)
    {
        if (slot.value != nullptr)
            pfree(slot.value);
        slot.value = nullptr;
        slot.pointer = pointer;
        return datum;
    }
    if (slot.value == nullptr)
    {
        MemoryContext caller = MemoryContextSwitchTo(function->fn_mcxt);
        slot.value = detoast_attr(stored);
        MemoryContextSwitchTo(caller);
    }
    return PointerGetDatum(slot.value);
}

}  // namespace quiver::pg
