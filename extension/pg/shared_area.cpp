// Finding or making an area of shared memory without an error if there is no room.
#include "pg/shared_area.hpp"

#include <cstdint>

namespace quiver::pg {

void *shared_area(const char *name, std::size_t size)
{
    void *volatile area = nullptr;
    MemoryContext caller = CurrentMemoryContext;
    const volatile std::uint32_t held = InterruptHoldoffCount;
    PG_TRY();
    {
        bool found;
        area = ShmemInitStruct(name, size, &found);
    }
    PG_CATCH();
    {
        // The error let go of what the call held, and forgot that interrupts were held off.
        MemoryContextSwitchTo(caller);
        FlushErrorState();
        InterruptHoldoffCount = held;
        area = nullptr;
    }
    PG_END_TRY();
    return area;
}

}  // namespace quiver::pg
