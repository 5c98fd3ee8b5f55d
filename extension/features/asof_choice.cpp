// Whether two as-of joins, one on the other, look up the same keys and times.
#include "features/asof_choice.hpp"

namespace quiver::features {
namespace {

bool is_same_key(const KeyClause *a, const KeyClause *b)
{
    return a->family == b->family && a->history_type == b->history_type &&
           a->spine_type == b->spine_type && a->collation == b->collation &&
           equal(a->spine, b->spine);
}

}  // namespace

bool has_same_spine(const Path *spine, const Choice &choice)
{
    if (!IsA(spine, CustomPath) ||
        strcmp(reinterpret_cast<const CustomPath *>(spine)->methods->CustomName, asof_node_name) !=
            0)
        return false;
    const auto *below = static_cast<const Choice *>(
        linitial(reinterpret_cast<const CustomPath *>(spine)->custom_private));
    const Shape *a = below->shape, *b = choice.shape;
    if (below->strategy != Strategy::hash || a->computed != NIL || a->forward != b->forward ||
        a->family != b->family || a->history_type != b->history_type ||
        a->spine_type != b->spine_type || a->collation != b->collation ||
        !equal(a->spine_time, b->spine_time) || list_length(a->keys) != list_length(b->keys))
        return false;
    ListCell *left, *right;
    forboth(left, a->keys, right, b->keys)
    {
        if (!is_same_key(static_cast<KeyClause *>(lfirst(left)),
                         static_cast<KeyClause *>(lfirst(right))))
            return false;
    }
    return true;
}

}  // namespace quiver::features
