// The cache of relations and functions. It is thrown away as a whole when a catalog it reads changes.
#include "audit/relations.hpp"

#include "audit/area.hpp"
#include "audit/labels.hpp"

#include <string_view>

namespace quiver::audit {
namespace {

constinit MemoryContext kept = nullptr;
constinit HTAB *relations = nullptr;
constinit HTAB *functions = nullptr;
constinit HTAB *roles = nullptr;
constinit bool is_stale = true;
constinit std::uint32_t seen_policy = 0;
constinit std::uint64_t seen_labels = 0;
constinit Oid audit_role = InvalidOid;

struct FunctionEntry
{
    Oid function;
    bool is_audited;
    char *name;
};

struct RoleEntry
{
    Oid role;
    int excluded;  // -1: not asked
    char *name;
};

// Functions of pg_catalog that reach files, other sessions, settings or sequences; sorted.
constexpr std::string_view catalog_functions[] = {"lo_create",
                                                  "lo_creat",
                                                  "lo_export",
                                                  "lo_from_bytea",
                                                  "lo_get",
                                                  "lo_import",
                                                  "lo_open",
                                                  "lo_put",
                                                  "lo_unlink",
                                                  "loread",
                                                  "lowrite",
                                                  "nextval",
                                                  "pg_backup_start",
                                                  "pg_backup_stop",
                                                  "pg_cancel_backend",
                                                  "pg_create_logical_replication_slot",
                                                  "pg_create_physical_replication_slot",
                                                  "pg_create_restore_point",
                                                  "pg_current_logfile",
                                                  "pg_drop_replication_slot",
                                                  "pg_export_snapshot",
                                                  "pg_file_rename",
                                                  "pg_file_unlink",
                                                  "pg_file_write",
                                                  "pg_hba_file_rules",
                                                  "pg_log_backend_memory_contexts",
                                                  "pg_logical_emit_message",
                                                  "pg_logical_slot_get_changes",
                                                  "pg_logical_slot_peek_changes",
                                                  "pg_ls_archive_statusdir",
                                                  "pg_ls_dir",
                                                  "pg_ls_logdir",
                                                  "pg_ls_tmpdir",
                                                  "pg_ls_waldir",
                                                  "pg_promote",
                                                  "pg_read_binary_file",
                                                  "pg_read_file",
                                                  "pg_read_file_old",
                                                  "pg_reload_conf",
                                                  "pg_replication_origin_advance",
                                                  "pg_replication_slot_advance",
                                                  "pg_rotate_logfile",
                                                  "pg_stat_file",
                                                  "pg_stat_reset",
                                                  "pg_switch_wal",
                                                  "pg_terminate_backend",
                                                  "pg_wal_replay_pause",
                                                  "pg_wal_replay_resume",
                                                  "query_to_xml",
                                                  "set_config",
                                                  "setval"};

void mark_stale(Datum, Oid) { is_stale = true; }
void mark_stale_syscache(Datum, int, std::uint32_t) { is_stale = true; }

HTAB *make_table(const char *name, std::size_t entry)
{
    HASHCTL control{};
    control.keysize = sizeof(Oid);
    control.entrysize = entry;
    control.hcxt = kept;
    return hash_create(name, 128, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

// Empty tables if anything they were made from has changed. Entries found before are gone then.
void refresh()
{
    const std::uint64_t labels = pg_atomic_read_u64(&area.head->policy_labels);
    if (!is_stale && seen_policy == policy_generation && seen_labels == labels)
        return;
    if (kept == nullptr)
        kept = AllocSetContextCreate(TopMemoryContext, "quiver audit relations",
                                     ALLOCSET_DEFAULT_SIZES);
    MemoryContextReset(kept);
    is_stale = false;
    seen_policy = policy_generation;
    seen_labels = labels;
    relations = make_table("quiver audit relations", sizeof(RelationEntry));
    functions = make_table("quiver audit functions", sizeof(FunctionEntry));
    roles = make_table("quiver audit roles", sizeof(RoleEntry));
    audit_role = settings.role != nullptr && settings.role[0] != '\0'
                     ? get_role_oid(settings.role, true)
                     : InvalidOid;
}

// What an access list gives the audit role by its own and inherited grants; not what PUBLIC has.
AclMode granted_by(Datum list)
{
    AclMode granted = 0;
    Acl *acl = DatumGetAclPCopy(list);
    const AclItem *items = ACL_DAT(acl);
    for (int i = 0; i < ACL_NUM(acl); ++i)
        if (items[i].ai_grantee != ACL_ID_PUBLIC &&
            is_member_of_role_nosuper(audit_role, items[i].ai_grantee))
            granted |= ACLITEM_GET_PRIVS(items[i]);
    pfree(acl);
    return granted;
}

void read_grants(RelationEntry *entry, HeapTuple tuple, int columns)
{
    bool is_null;
    const Datum list = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relacl, &is_null);
    if (!is_null)
        entry->granted = granted_by(list);
    for (int column = 1; column <= columns; ++column)
    {
        HeapTuple attribute = SearchSysCache2(ATTNUM, ObjectIdGetDatum(entry->relation),
                                              Int16GetDatum(static_cast<int16>(column)));
        if (!HeapTupleIsValid(attribute))
            continue;
        const Datum acl = SysCacheGetAttr(ATTNUM, attribute, Anum_pg_attribute_attacl, &is_null);
        if (!is_null)
        {
            if (entry->column_grants == nullptr)
                entry->column_grants = static_cast<AclMode *>(
                    MemoryContextAllocZero(kept, sizeof(AclMode) * static_cast<Size>(columns + 1)));
            entry->column_grants[column] = granted_by(acl);
            entry->any_column_granted |= entry->column_grants[column];
        }
        ReleaseSysCache(attribute);
    }
}

const char *relation_type(char kind)
{
    switch (kind)
    {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE:
        return "table";
    case RELKIND_INDEX:
    case RELKIND_PARTITIONED_INDEX:
        return "index";
    case RELKIND_SEQUENCE:
        return "sequence";
    case RELKIND_TOASTVALUE:
        return "toast table";
    case RELKIND_VIEW:
        return "view";
    case RELKIND_MATVIEW:
        return "materialized view";
    case RELKIND_FOREIGN_TABLE:
        return "foreign table";
    case RELKIND_COMPOSITE_TYPE:
        return "composite type";
    default:
        return "relation";
    }
}

void read_relation(RelationEntry *entry)
{
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(entry->relation));
    entry->type = "relation";
    if (!HeapTupleIsValid(tuple))
    {
        entry->name = MemoryContextStrdup(kept, "?");
        return;
    }
    const auto *row = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
    entry->is_known = true;
    entry->is_catalog = IsCatalogNamespace(row->relnamespace);
    entry->type = relation_type(row->relkind);
    entry->columns = row->relnatts;
    const char *schema = get_namespace_name_or_temp(row->relnamespace);
    char *name =
        quote_qualified_identifier(schema != nullptr ? schema : "?", NameStr(row->relname));
    entry->name = MemoryContextStrdup(kept, name);
    pfree(name);
    if (OidIsValid(audit_role))
        read_grants(entry, tuple, row->relnatts);
    ReleaseSysCache(tuple);
    if (!entry->is_catalog)
    {
        const RelationLabels labels = read_labels(entry->relation);
        entry->is_excluded = labels.is_excluded;
        entry->has_redacted = labels.has_redacted;
        entry->labelled = labels.verbs;
    }
}

// The names of the columns, each with a zero behind it.
void write_columns(StringInfo to, const RelationEntry *entry, const Bitmapset *columns)
{
    for (int member = -1; (member = bms_next_member(columns, member)) >= 0;)
    {
        const auto number = static_cast<AttrNumber>(member + FirstLowInvalidHeapAttributeNumber);
        if (number == InvalidAttrNumber)
            appendBinaryStringInfo(to, "*", 2);
        else
        {
            const char *name = get_attname(entry->relation, number, true);
            if (name != nullptr)
                appendBinaryStringInfo(to, name, static_cast<int>(std::strlen(name)) + 1);
        }
        if (to->len > 4096)
            return;
    }
}

}  // namespace

EventClass verb_class(Verb verb)
{
    switch (verb)
    {
    case Verb::select:
    case Verb::lock_rows:
    case Verb::copy_to:
        return EventClass::read;
    case Verb::insert:
    case Verb::update:
    case Verb::delete_:
    case Verb::truncate:
    case Verb::copy_from:
        return EventClass::write;
    case Verb::execute:
        return EventClass::function;
    case Verb::create:
    case Verb::alter:
    case Verb::drop:
        return EventClass::ddl;
    default:
        return EventClass::misc;
    }
}

void watch_catalogs()
{
    static constinit bool is_watching = false;
    if (is_watching)
        return;
    is_watching = true;
    CacheRegisterRelcacheCallback(mark_stale, 0);
    for (const int cache : {static_cast<int>(NAMESPACEOID), static_cast<int>(AUTHOID),
                            static_cast<int>(AUTHMEMMEMROLE), static_cast<int>(PROCOID)})
        CacheRegisterSyscacheCallback(cache, mark_stale_syscache, 0);
}

RelationEntry *find_relation(Oid relation)
{
    watch_catalogs();
    refresh();
    bool found;
    auto *entry =
        static_cast<RelationEntry *>(hash_search(relations, &relation, HASH_ENTER, &found));
    if (found && entry->name != nullptr)
        return entry;
    *entry = {};
    entry->relation = relation;
    read_relation(entry);
    return entry;
}

const ActionBytes *find_action(RelationEntry *entry, Verb verb, std::uint8_t flags,
                               const Bitmapset *columns)
{
    for (const ActionBytes &action : entry->actions)
        if (action.bytes != nullptr && action.verb == verb && action.flags == flags &&
            bms_equal(action.columns, columns))
            return &action;

    StringInfoData value;
    initStringInfo(&value);
    const ActionHead head{verb, verb_class(verb), flags, 0};
    appendBinaryStringInfo(&value, reinterpret_cast<const char *>(&head), sizeof head);
    for (const char *text : {entry->type, static_cast<const char *>(entry->name)})
        appendBinaryStringInfo(&value, text, static_cast<int>(std::strlen(text)) + 1);
    write_columns(&value, entry, columns);

    ActionBytes &action = entry->actions[entry->next_action];
    entry->next_action = (entry->next_action + 1) % actions_kept;
    MemoryContext caller = MemoryContextSwitchTo(kept);
    if (action.bytes != nullptr)
    {
        pfree(action.bytes);
        bms_free(action.columns);
    }
    action = {verb, flags, static_cast<std::uint16_t>(value.len), bms_copy(columns),
              static_cast<std::uint8_t *>(palloc(static_cast<Size>(value.len)))};
    std::memcpy(action.bytes, value.data, static_cast<std::size_t>(value.len));
    MemoryContextSwitchTo(caller);
    pfree(value.data);
    return &action;
}

bool is_granted(const RelationEntry *entry, AclMode verb, const Bitmapset *columns)
{
    if ((entry->granted & verb) != 0)
        return true;
    if ((entry->any_column_granted & verb) == 0)
        return false;
    for (int member = -1; (member = bms_next_member(columns, member)) >= 0;)
    {
        const int number = member + FirstLowInvalidHeapAttributeNumber;
        if (number == InvalidAttrNumber)
            return true;  // the whole row
        if (number > 0 && number <= entry->columns && (entry->column_grants[number] & verb) != 0)
            return true;
    }
    return false;
}

const char *role_name(Oid role)
{
    watch_catalogs();
    refresh();
    bool found;
    auto *entry = static_cast<RoleEntry *>(hash_search(roles, &role, HASH_ENTER, &found));
    if (!found)
    {
        entry->excluded = -1;
        entry->name = nullptr;
    }
    if (entry->name == nullptr)
    {
        const char *name = GetUserNameFromId(role, true);
        entry->name = MemoryContextStrdup(kept, name != nullptr ? name : "?");
    }
    return entry->name;
}

const char *known_role_name(Oid role)
{
    if (roles == nullptr)
        return nullptr;
    const auto *entry =
        static_cast<const RoleEntry *>(hash_search(roles, &role, HASH_FIND, nullptr));
    return entry != nullptr ? entry->name : nullptr;
}

bool is_excluded_user()
{
    if (settings.exclude_roles == nullptr || settings.exclude_roles[0] == '\0')
        return false;
    const Oid user = GetSessionUserId();
    const char *name = role_name(user);
    auto *entry = static_cast<RoleEntry *>(hash_search(roles, &user, HASH_FIND, nullptr));
    if (entry->excluded >= 0)
        return entry->excluded != 0;
    char *list = pstrdup(settings.exclude_roles);
    List *names = NIL;
    entry->excluded = 0;
    if (SplitIdentifierString(list, ',', &names))
    {
        ListCell *cell;
        foreach (cell, names)
            if (std::strcmp(static_cast<const char *>(lfirst(cell)), name) == 0)
                entry->excluded = 1;
    }
    list_free(names);
    pfree(list);
    return entry->excluded != 0;
}

bool is_audited_function(Oid function, const char **name)
{
    watch_catalogs();
    refresh();
    bool found;
    auto *entry =
        static_cast<FunctionEntry *>(hash_search(functions, &function, HASH_ENTER, &found));
    if (!found)
        entry->name = nullptr;
    if (entry->name == nullptr)
    {
        const char *short_name = get_func_name(function);
        const Oid schema_id = get_func_namespace(function);
        entry->is_audited = schema_id != PG_CATALOG_NAMESPACE;
        for (const std::string_view listed : catalog_functions)
            if (short_name != nullptr && listed == short_name)
                entry->is_audited = true;
        const char *schema = OidIsValid(schema_id) ? get_namespace_name(schema_id) : nullptr;
        entry->name = MemoryContextStrdup(
            kept, quote_qualified_identifier(schema != nullptr ? schema : "?",
                                             short_name != nullptr ? short_name : "?"));
    }
    *name = entry->name;
    return entry->is_audited;
}

}  // namespace quiver::audit
