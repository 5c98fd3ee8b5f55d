// What is kept of a statement's bound parameters: nothing, keyed hashes, or values that only the holder of a private
// key can read.
#pragma once

#include "audit/settings.hpp"

namespace quiver::audit {

// In the postmaster, before any process that runs statements is there: reads quiver.audit_parameter_key. A key that
// cannot be used, or one that is missing while quiver.audit_parameters asks for it, ends the start.
void load_parameter_key();
bool has_parameter_key();

// Adds the field to the builder's event. No error gets out but a cancel: what cannot be written is said to be missing.
void add_parameters(ParamListInfo parameters);

}  // namespace quiver::audit
