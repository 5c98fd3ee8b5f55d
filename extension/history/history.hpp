// Row history's door for module.cpp.
#pragma once

namespace quiver::history {

// Defines quiver.history_context.
void install();

}  // namespace quiver::history
