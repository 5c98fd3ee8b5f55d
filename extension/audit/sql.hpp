// What the SQL functions of the audit share.
#pragma once

#include "audit/area.hpp"

namespace quiver::audit {

// 55000 with a hint unless the library is preloaded.
void require_audit();

}  // namespace quiver::audit
