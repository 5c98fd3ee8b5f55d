// The audit's entry: what module.cpp calls.
#pragma once

namespace quiver::audit {

// In _PG_init. Without shared_preload_libraries it does nothing, and the SQL functions say so.
void install();

}  // namespace quiver::audit
