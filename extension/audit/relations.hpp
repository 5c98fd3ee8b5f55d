// What the audit knows of a relation: its name, its labels, what the audit role is granted, and its actions
// ready to be copied into an event. Kept until catalogs or policy change.
#pragma once

#include "audit/settings.hpp"

namespace quiver::audit {

// An action field's value, made once for a verb and a set of columns.
struct ActionBytes
{
    Verb verb;
    std::uint8_t flags;
    std::uint16_t size;
    Bitmapset *columns;
    std::uint8_t *bytes;
};

constexpr int actions_kept = 8;

struct RelationEntry
{
    Oid relation;  // the key
    bool is_known;  // it was found in the catalog
    bool is_catalog;
    bool is_excluded;  // label audit=none
    bool has_redacted;  // a column labelled redact
    AclMode labelled;  // verbs of label audit=read,write,all
    AclMode granted;  // verbs granted to quiver.audit_role on the whole relation
    AclMode any_column_granted;
    AclMode *column_grants;  // by attribute number, nullptr if there are none
    int columns;
    const char *type;
    char *name;
    ActionBytes actions[actions_kept];
    int next_action;
};

// Never nullptr; is_known is false for what is gone.
RelationEntry *find_relation(Oid relation);
const ActionBytes *find_action(RelationEntry *entry, Verb verb, std::uint8_t flags,
                               const Bitmapset *columns);
// Whether the audit role has `verb` on the relation or on one of the columns.
bool is_granted(const RelationEntry *entry, AclMode verb, const Bitmapset *columns);

bool is_excluded_user();
// The name of a role, kept like the relations.
const char *role_name(Oid role);
// The same without a look at the catalogs: nullptr if it was not asked for before.
const char *known_role_name(Oid role);
bool is_audited_function(Oid function, const char **name);

void watch_catalogs();

EventClass verb_class(Verb verb);

// The label provider "quiver": checks a label (SECURITY LABEL ... IS 'audit=read; redact').
void check_label(const ObjectAddress *object, const char *label);

}  // namespace quiver::audit
