// What a plan does to which relation, as actions of its event.
#include "audit/plan_event.hpp"

#include "audit/parameters.hpp"
#include "audit/relations.hpp"

namespace quiver::audit {
namespace {

struct VerbOfPrivilege
{
    AclMode privilege;
    Verb verb;
};
constexpr VerbOfPrivilege verbs[] = {{ACL_SELECT, Verb::select},
                                     {ACL_INSERT, Verb::insert},
                                     {ACL_UPDATE, Verb::update},
                                     {ACL_DELETE, Verb::delete_}};

const Bitmapset *columns_of(const pg::AccessedRelation &accessed, AclMode privilege)
{
    switch (privilege)
    {
    case ACL_SELECT:
        return accessed.selected;
    case ACL_INSERT:
        return accessed.inserted;
    case ACL_UPDATE:
        return accessed.updated;
    default:
        return nullptr;
    }
}

// Collects the actions of one plan into the builder, splitting into further events when it is full.
class ActionWriter
{
public:
    ActionWriter(const QueryDesc *query, int position) : query_(query), position_(position) {}

    EventClass klass() const { return klass_; }
    bool wanted() const { return wanted_; }
    bool redacts() const { return redacts_; }

    void relation(const pg::AccessedRelation &accessed)
    {
        RelationEntry *entry = find_relation(accessed.relation);
        if (entry->is_excluded || (entry->is_catalog && !settings.catalog))
        {
            skipped_ = true;
            return;
        }
        redacts_ |= entry->has_redacted;
        const std::uint8_t definer =
            OidIsValid(accessed.check_as) && accessed.check_as != GetUserId() ? action_definer : 0;
        for (const auto &[privilege, verb] : verbs)
            if ((accessed.required & privilege) != 0)
                action(entry, privilege, verb, definer, columns_of(accessed, privilege));
    }

    void action(RelationEntry *entry, AclMode privilege, Verb verb, std::uint8_t flags,
                const Bitmapset *columns)
    {
        // FOR UPDATE asks for UPDATE but has no column to update.
        if (verb == Verb::update && columns == nullptr)
            verb = Verb::lock_rows;
        const EventClass klass = verb_class(verb);
        if (is_granted(entry, privilege, columns))
            flags |= action_by_grant;
        if ((entry->labelled & privilege) != 0)
            flags |= action_by_label;
        const bool by_object = (flags & (action_by_grant | action_by_label)) != 0;
        if (!force_ && !wants(klass) && !by_object)
        {
            skipped_ = true;
            return;
        }
        wanted_ = true;
        if (is_repeated({entry->relation, verb, flags, columns}))
            return;
        if (klass_ != EventClass::write)
            klass_ = klass;
        const ActionBytes *bytes = find_action(entry, verb, flags, columns);
        add({reinterpret_cast<const char *>(bytes->bytes), bytes->size});
    }

    // A statement that names no relation is a read.
    void nothing()
    {
        if (!wanted_ && !skipped_ && (force_ || wants(EventClass::read)))
        {
            wanted_ = true;
            klass_ = EventClass::read;
        }
    }

    void force() { force_ = true; }

private:
    struct Added
    {
        Oid relation;
        Verb verb;
        std::uint8_t flags;
        const Bitmapset *columns;
    };

    // A relation may stand several times in one statement, as in a self-join.
    bool is_repeated(const Added &action)
    {
        for (int i = 0; i < added_count_; ++i)
            if (added_[i].relation == action.relation && added_[i].verb == action.verb &&
                added_[i].flags == action.flags && bms_equal(added_[i].columns, action.columns))
                return true;
        if (added_count_ < most_remembered)
            added_[added_count_++] = action;
        return false;
    }

    void add(std::string_view bytes)
    {
        if (builder.field(Field::action, bytes))
            return;
        // The text goes with the last event, the first are continued by it.
        builder.head.klass = klass_;
        builder.head.flags |= event_continued;
        OpenStatement *statement = statement_at(position_);
        builder.head.statement = statement->statement;
        builder.head.substatement = statement->substatement;
        builder.head.subtransaction = statement->subtransaction;
        builder.head.outcome = Outcome::done;
        append_event();
        begin_event(EventKind::statement, klass_, command_name(query_->operation));
        builder.field(Field::action, bytes);
    }

    static constexpr int most_remembered = 16;

    const QueryDesc *query_;
    int position_;
    Added added_[most_remembered];
    int added_count_ = 0;
    EventClass klass_ = EventClass::read;
    bool wanted_ = false;
    bool skipped_ = false;
    bool redacts_ = false;
    bool force_ = false;
};

// Partitions and inheritance children have no privileges of their own to check; what is granted or
// labelled on them still counts, for what is asked of their parent.
void add_children(const PlannedStmt *plan, ActionWriter &writer)
{
    ListCell *cell;
    foreach (cell, plan->appendRelations)
    {
        const auto *link = lfirst_node(AppendRelInfo, cell);
        const auto *child = rt_fetch(link->child_relid, plan->rtable);
        if (child->rtekind != RTE_RELATION)
            continue;
        RelationEntry *entry = find_relation(child->relid);
        if (entry->granted == 0 && entry->any_column_granted == 0 && entry->labelled == 0)
            continue;
        Index top = link->parent_relid;
        for (bool climbed = true; climbed;)
        {
            climbed = false;
            ListCell *other;
            foreach (other, plan->appendRelations)
                if (lfirst_node(AppendRelInfo, other)->child_relid == top)
                {
                    top = lfirst_node(AppendRelInfo, other)->parent_relid;
                    climbed = true;
                }
        }
        const Oid parent = rt_fetch(top, plan->rtable)->relid;
        pg::each_accessed_relation(plan, [&](const pg::AccessedRelation &accessed) {
            if (accessed.relation != parent)
                return;
            for (const auto &[privilege, verb] : verbs)
            {
                const AclMode object = entry->granted | entry->any_column_granted | entry->labelled;
                if ((accessed.required & object & privilege) != 0 &&
                    !(privilege == ACL_UPDATE && accessed.updated == nullptr))
                    writer.action(entry, privilege, verb, 0,
                                  privilege == ACL_UPDATE ? accessed.updated : nullptr);
            }
        });
    }
}

}  // namespace

bool build_plan_event(const QueryDesc *query, int position, bool force)
{
    const PlannedStmt *plan = query->plannedstmt;
    ActionWriter writer{query, position};
    if (force)
        writer.force();
    begin_event(EventKind::statement, EventClass::read, command_name(query->operation));
    pg::each_accessed_relation(
        plan, [&writer](const pg::AccessedRelation &accessed) { writer.relation(accessed); });
    if (plan->appendRelations != NIL)
        add_children(plan, writer);
    writer.nothing();
    if (!writer.wanted())
        return false;
    builder.head.klass = writer.klass();
    add_text(query->sourceText, plan->stmt_location, plan->stmt_len, false);
    if (!writer.redacts())
        add_parameters(query->params);
    return true;
}

// Rows that were inserted through a parent have opened their partitions by now.
void add_routed(const QueryDesc *query, int position)
{
    if (query->estate == nullptr || query->estate->es_tuple_routing_result_relations == NIL)
        return;
    bool begun = false;
    ListCell *cell;
    foreach (cell, query->estate->es_tuple_routing_result_relations)
    {
        const auto *info = static_cast<const ResultRelInfo *>(lfirst(cell));
        RelationEntry *entry = find_relation(RelationGetRelid(info->ri_RelationDesc));
        if (((entry->granted | entry->any_column_granted | entry->labelled) & ACL_INSERT) == 0)
            continue;
        if (!begun)
            begin_event(EventKind::object, EventClass::write, command_name(query->operation));
        begun = true;
        const ActionBytes *bytes = find_action(
            entry, Verb::insert,
            static_cast<std::uint8_t>((entry->labelled & ACL_INSERT) != 0 ? action_by_label
                                                                          : action_by_grant),
            nullptr);
        builder.field(Field::action, {reinterpret_cast<const char *>(bytes->bytes), bytes->size});
    }
    if (!begun)
        return;
    const OpenStatement *statement = statement_at(position);
    builder.head.statement = statement->statement;
    builder.head.substatement = statement->substatement;
    builder.head.subtransaction = statement->subtransaction;
    builder.head.outcome = Outcome::done;
    append_event();
}

}  // namespace quiver::audit
