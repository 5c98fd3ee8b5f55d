// SQL text of users, analysed: one SELECT that writes nothing, as a Query and as canonical text.
#pragma once

#include "pg/query.hpp"

namespace quiver::features {

// Parse and analyse `text` in the current search_path. Anything but one plain SELECT is refused.
Query *analyse_select(const char *text);

// The query as text that means the same under every search_path: names outside pg_catalog are
// qualified. Takes the locks that deparsing needs.
char *canonical_text(Query *query);

}  // namespace quiver::features
