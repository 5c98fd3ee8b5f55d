// Security labels of the provider "quiver": what they say about the audit of a relation.
#pragma once

#include "audit/settings.hpp"

namespace quiver::audit {

struct RelationLabels
{
    AclMode verbs;  // audited in any case
    bool is_excluded;
    bool has_redacted;
};

RelationLabels read_labels(Oid relation);
// This transaction has set a label: when it commits, all sessions have to read labels anew.
extern bool labels_were_set;
void register_labels();

}  // namespace quiver::audit
