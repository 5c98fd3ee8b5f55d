// The hook of utility commands: DDL, roles, COPY, TRUNCATE, DO, SET and all that no plan is made for.
#include "audit/statement.hpp"

#include "audit/caught.hpp"
#include "audit/objects.hpp"
#include "audit/parameters.hpp"
#include "audit/relations.hpp"
#include "pg/catalog_scan.hpp"

namespace quiver::audit {
namespace {

constinit ProcessUtility_hook_type next_utility = nullptr;

// The classes of pgaudit, by the node; the rest follows from what the server would log as what.
EventClass class_of(Node *statement)
{
    switch (nodeTag(statement))
    {
    case T_GrantStmt:
    case T_GrantRoleStmt:
    case T_CreateRoleStmt:
    case T_AlterRoleStmt:
    case T_AlterRoleSetStmt:
    case T_DropRoleStmt:
    case T_AlterDefaultPrivilegesStmt:
    case T_ReassignOwnedStmt:
    case T_DropOwnedStmt:
        return EventClass::role;
    case T_DoStmt:
    case T_CallStmt:
        return EventClass::function;
    case T_VariableSetStmt:
        return EventClass::misc_set;
    case T_TruncateStmt:
        return EventClass::write;
    case T_CopyStmt:
        return castNode(CopyStmt, statement)->is_from ? EventClass::write : EventClass::read;
    case T_DeclareCursorStmt:
    case T_PrepareStmt:
        return EventClass::read;
    case T_AlterSystemStmt:
    case T_SecLabelStmt:
    case T_CommentStmt:
        return EventClass::ddl;
    case T_ExplainStmt:
    case T_ExecuteStmt:
    case T_FetchStmt:
        return EventClass::misc;
    case T_RenameStmt:
        return castNode(RenameStmt, statement)->renameType == OBJECT_ROLE ? EventClass::role
                                                                          : EventClass::ddl;
    default:
        break;
    }
    switch (GetCommandLogLevel(statement))
    {
    case LOGSTMT_DDL:
        return EventClass::ddl;
    case LOGSTMT_MOD:
        return EventClass::write;
    default:
        return EventClass::misc;
    }
}

bool is_setting(const Node *statement)
{
    return IsA(statement, VariableSetStmt) || IsA(statement, AlterSystemStmt) ||
           IsA(statement, AlterRoleSetStmt) || IsA(statement, AlterDatabaseSetStmt);
}

void add_relation(Oid relation, Verb verb, bool &by_object, bool &excluded)
{
    constexpr AclMode of_verb[] = {0, ACL_SELECT, ACL_INSERT, ACL_UPDATE, ACL_DELETE, ACL_TRUNCATE};
    RelationEntry *entry = find_relation(relation);
    excluded |= entry->is_excluded;
    const AclMode privilege = verb == Verb::copy_to     ? ACL_SELECT
                              : verb == Verb::copy_from ? ACL_INSERT
                              : verb <= Verb::truncate  ? of_verb[static_cast<int>(verb)]
                                                        : 0;
    std::uint8_t flags = 0;
    if (privilege != 0 && is_granted(entry, privilege, nullptr))
        flags |= action_by_grant;
    if ((entry->labelled & privilege) != 0)
        flags |= action_by_label;
    by_object |= flags != 0;
    const ActionBytes *bytes = find_action(entry, verb, flags, nullptr);
    builder.field(Field::action, {reinterpret_cast<const char *>(bytes->bytes), bytes->size});
}

// Names the relations of a command that has its own list of them; missing ones are left to its error.
void add_range_vars(List *list, Verb verb, bool &by_object, bool &excluded)
{
    ListCell *cell;
    foreach (cell, list)
    {
        auto *node = static_cast<Node *>(lfirst(cell));
        if (IsA(node, VacuumRelation))
            node = reinterpret_cast<Node *>(castNode(VacuumRelation, node)->relation);
        if (node == nullptr || !IsA(node, RangeVar))
            continue;
        const Oid relation = RangeVarGetRelid(castNode(RangeVar, node), NoLock, true);
        if (OidIsValid(relation))
            add_relation(relation, verb, by_object, excluded);
    }
}

void add_named(Verb verb, EventClass klass, const char *type, const char *name)
{
    char bytes[sizeof(ActionHead) + 64 + 4 * NAMEDATALEN];
    const ActionHead head{verb, klass, 0, 0};
    std::memcpy(bytes, &head, sizeof head);
    const int size = snprintf(bytes + sizeof head, sizeof bytes - sizeof head, "%s%c%.*s", type, 0,
                              3 * NAMEDATALEN, name != nullptr ? name : "all");
    builder.field(Field::action, {bytes, sizeof head + static_cast<std::size_t>(size) + 1});
}

// The relation that a list of names is, for commands that have one of any kind of object.
void add_named_relation(ObjectType type, Node *object, bool &by_object, bool &excluded)
{
    if ((type == OBJECT_TABLE || type == OBJECT_VIEW || type == OBJECT_MATVIEW ||
         type == OBJECT_FOREIGN_TABLE || type == OBJECT_SEQUENCE || type == OBJECT_INDEX) &&
        object != nullptr && IsA(object, List))
        add_range_vars(list_make1(makeRangeVarFromNameList(castNode(List, object))), Verb::alter,
                       by_object, excluded);
}

// Whom and what GRANT and REVOKE are about.
void add_grant(const GrantStmt *grant, bool &by_object, bool &excluded)
{
    if (grant->targtype == ACL_TARGET_OBJECT && grant->objtype == OBJECT_TABLE)
        add_range_vars(grant->objects, Verb::alter, by_object, excluded);
    ListCell *cell;
    foreach (cell, grant->grantees)
    {
        const auto *role = lfirst_node(RoleSpec, cell);
        add_named(Verb::none, EventClass::role, "role",
                  role->roletype == ROLESPEC_PUBLIC ? "public" : role->rolename);
    }
}

void add_role_grant(const GrantRoleStmt *grant)
{
    ListCell *cell;
    foreach (cell, grant->granted_roles)
        add_named(Verb::alter, EventClass::role, "role", lfirst_node(AccessPriv, cell)->priv_name);
    foreach (cell, grant->grantee_roles)
        add_named(Verb::none, EventClass::role, "role", lfirst_node(RoleSpec, cell)->rolename);
}

// What is rebuilt: an index, a table with its indexes, or all of a schema or database, by its name.
void add_reindexed(const ReindexStmt *reindex, bool &by_object, bool &excluded)
{
    if (reindex->relation == nullptr)
    {
        const bool is_schema = reindex->kind == REINDEX_OBJECT_SCHEMA;
        const char *name = reindex->name;
        if (name == nullptr && !is_schema)
            name = get_database_name(MyDatabaseId);
        return add_named(Verb::maintain, EventClass::misc, is_schema ? "schema" : "database", name);
    }
    const Oid relation = RangeVarGetRelid(reindex->relation, NoLock, true);
    if (!OidIsValid(relation))
        return;
    add_relation(relation, Verb::maintain, by_object, excluded);
    pg::each_index(relation,
                   [&](Oid index) { add_relation(index, Verb::maintain, by_object, excluded); });
}

// What the command's node says of the objects it is about, for commands whose objects no hook names.
void add_objects(Node *statement, bool &by_object, bool &excluded)
{
    switch (nodeTag(statement))
    {
    case T_CopyStmt: {
        auto *copy = castNode(CopyStmt, statement);
        if (copy->relation != nullptr)
            add_range_vars(list_make1(copy->relation),
                           copy->is_from ? Verb::copy_from : Verb::copy_to, by_object, excluded);
        if (copy->is_program)
            builder.field(Field::message, "program");
        break;
    }
    case T_LockStmt:
        add_range_vars(castNode(LockStmt, statement)->relations, Verb::lock_table, by_object,
                       excluded);
        break;
    case T_TruncateStmt:
        add_range_vars(castNode(TruncateStmt, statement)->relations, Verb::truncate, by_object,
                       excluded);
        break;
    case T_VacuumStmt:
        add_range_vars(castNode(VacuumStmt, statement)->rels, Verb::maintain, by_object, excluded);
        break;
    case T_ClusterStmt:
        if (castNode(ClusterStmt, statement)->relation != nullptr)
            add_range_vars(list_make1(castNode(ClusterStmt, statement)->relation), Verb::maintain,
                           by_object, excluded);
        break;
    case T_ReindexStmt:
        add_reindexed(castNode(ReindexStmt, statement), by_object, excluded);
        break;
    case T_AlterTableStmt:
        add_range_vars(list_make1(castNode(AlterTableStmt, statement)->relation), Verb::alter,
                       by_object, excluded);
        break;
    case T_RefreshMatViewStmt:
        add_range_vars(list_make1(castNode(RefreshMatViewStmt, statement)->relation),
                       Verb::maintain, by_object, excluded);
        break;
    case T_CommentStmt:
        add_named_relation(castNode(CommentStmt, statement)->objtype,
                           castNode(CommentStmt, statement)->object, by_object, excluded);
        break;
    case T_SecLabelStmt:
        add_named_relation(castNode(SecLabelStmt, statement)->objtype,
                           castNode(SecLabelStmt, statement)->object, by_object, excluded);
        break;
    case T_GrantStmt:
        add_grant(castNode(GrantStmt, statement), by_object, excluded);
        break;
    case T_GrantRoleStmt:
        add_role_grant(castNode(GrantRoleStmt, statement));
        break;
    case T_AlterRoleSetStmt:
        if (castNode(AlterRoleSetStmt, statement)->role != nullptr)
            add_named(Verb::alter, EventClass::role, "role",
                      castNode(AlterRoleSetStmt, statement)->role->rolename);
        break;
    case T_AlterDatabaseSetStmt:
        add_named(Verb::alter, EventClass::ddl, "database",
                  castNode(AlterDatabaseSetStmt, statement)->dbname);
        break;
    case T_VariableSetStmt:
        add_named(Verb::alter, EventClass::misc_set, "setting",
                  castNode(VariableSetStmt, statement)->name);
        break;
    case T_AlterSystemStmt:
        add_named(Verb::alter, EventClass::ddl, "setting",
                  castNode(AlterSystemStmt, statement)->setstmt->name);
        break;
    case T_TransactionStmt:
        if (castNode(TransactionStmt, statement)->gid != nullptr)
            add_named(Verb::none, EventClass::misc, "prepared transaction",
                      castNode(TransactionStmt, statement)->gid);
        break;
    default:
        break;
    }
}

// With quiver.audit_lock, ALTER SYSTEM may not change the audit either.
void refuse_locked(Node *statement)
{
    if (!settings.lock || !IsA(statement, AlterSystemStmt))
        return;
    const char *name = castNode(AlterSystemStmt, statement)->setstmt->name;
    const bool all = castNode(AlterSystemStmt, statement)->setstmt->kind == VAR_RESET_ALL;
    if (!all && (name == nullptr || pg_strncasecmp(name, "quiver.audit", 12) != 0) &&
        (name == nullptr || pg_strcasecmp(name, "shared_preload_libraries") != 0))
        return;
    ereport(
        ERROR, errcode(ERRCODE_CANT_CHANGE_RUNTIME_PARAM),
        errmsg("parameter \"%s\" cannot be changed", all ? "all" : name),
        errdetail("quiver.audit_lock is on, so the audit is set in the configuration file only."));
}

// Builds and records the event; false if it is not wanted.
bool record_command(PlannedStmt *plan, const char *source, ParamListInfo parameters, int position)
{
    Node *statement = plan->utilityStmt;
    const EventClass klass = class_of(statement);
    const bool can_be_object = IsA(statement, CopyStmt) || IsA(statement, TruncateStmt);
    if (!wants(klass) && !can_be_object)
        return false;
    begin_event(EventKind::utility, klass, GetCommandTagName(CreateCommandTag(statement)));
    bool by_object = false;
    bool excluded = false;
    if (IsTransactionState())
        add_objects(statement, by_object, excluded);
    // A label hides what is done with the rows, not what is done to the table.
    if ((excluded && can_be_object) || (!wants(klass) && !by_object))
        return false;
    add_text(source, plan->stmt_location, plan->stmt_len, is_setting(statement));
    add_parameters(parameters);
    record_statement(position);
    return true;
}

void utility(PlannedStmt *plan, const char *source, bool read_only_tree,
             ProcessUtilityContext context, ParamListInfo parameters, QueryEnvironment *environment,
             DestReceiver *receiver, QueryCompletion *completion)
{
    const auto go_on = [&] {
        if (next_utility != nullptr)
            next_utility(plan, source, read_only_tree, context, parameters, environment, receiver,
                         completion);
        else
            standard_ProcessUtility(plan, source, read_only_tree, context, parameters, environment,
                                    receiver, completion);
    };
    refuse_locked(plan->utilityStmt);
    // Parts of a command, as CREATE TABLE's index, are named by the object hook.
    if (context == PROCESS_UTILITY_SUBCOMMAND || !audit_is_active() ||
        (IsTransactionState() && is_excluded_user()))
        return go_on();
    if (!IsA(plan->utilityStmt, TransactionStmt))
        admit_statement();
    const int position = open_statement(plan);
    if (position < 0)
        return go_on();
    const EventClass klass = class_of(plan->utilityStmt);
    bool recorded = false;
    pg::quietly([&] { recorded = record_command(plan, source, parameters, position); });
    const ObjectList outer = begin_objects(recorded, klass);
    failure_is_recorded = false;
    const int before = running_statement();
    set_running_statement(position);
    ErrorContextCallback watch;
    watch_errors(watch, position);
    PG_TRY();
    {
        go_on();
        finish_objects(position);
    }
    PG_CATCH();
    {
        const int sqlstate = geterrcode();
        describe_caught(source, plan->stmt_location, plan->stmt_len);
        const int still = find_statement(plan);
        abandon_objects(outer);
        if (still >= 0)
        {
            failure_is_recorded = failure_is_recorded || statement_at(still)->is_recorded;
            close_statement(still, failure_outcome(sqlstate), sqlstate);
        }
        set_running_statement(before);
        PG_RE_THROW();
    }
    PG_END_TRY();
    unwatch_errors(watch);
    abandon_objects(outer);
    // A command that ended transactions on its way has closed what was open: then there is nothing left.
    const int still = find_statement(plan);
    if (still < 0)
        return;
    set_running_statement(before);
    if (completion != nullptr)
        statement_at(still)->rows = completion->nprocessed;
    close_statement(still, Outcome::done, 0);
}

}  // namespace

void install_utility_hooks()
{
    next_utility = ProcessUtility_hook;
    ProcessUtility_hook = utility;
}

}  // namespace quiver::audit
