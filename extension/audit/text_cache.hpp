// Normalised texts of the statements that this process runs again and again.
#pragma once

#include "audit/text.hpp"

namespace quiver::audit {

// As normalize_text(), from memory where the same bytes were normalised with the same care and room before. What
// names a password or a connection string is never kept here, nor what is seen but once.
NormalizedText normalize_known_text(std::string_view source, TextCare care, char *to,
                                    std::size_t room, bool (*is_keyword)(const char *word));

}  // namespace quiver::audit
