// quiver.feature_query_lineage: from which columns of which relations each column of a query is computed.
//
// Values only: columns that decide which rows there are (joins, filters, grouping) do not count; PostgreSQL's
// own dependencies of a view have those. Views are looked through, and named themselves as well.
#include "features/query_text.hpp"

#include "pg/function.hpp"
#include "pg/planner.hpp"

namespace quiver::features {
namespace {

struct Scope
{
    Query *query;
    const Scope *outer;
};

struct Walk
{
    const Scope *scope;
    ReturnSetInfo *result;
    int position;
    int depth;
};

bool walk_node(Node *node, void *context);
void walk_column(Walk *walk, const Scope *scope, RangeTblEntry *entry, AttrNumber column);

void walk_in(Walk *walk, const Scope *scope, Node *node)
{
    Walk inner = *walk;
    inner.scope = scope;
    (void) walk_node(node, &inner);
}

// Column `number` of a query's result; of a set operation, of each of its parts.
void walk_output(Walk *walk, Query *query, const Scope *outer, AttrNumber number)
{
    check_stack_depth();
    const Scope scope{query, outer};
    if (query->setOperations != nullptr)
    {
        ListCell *cell;
        foreach (cell, query->rtable)
        {
            auto *entry = lfirst_node(RangeTblEntry, cell);
            if (entry->rtekind == RTE_SUBQUERY && entry->subquery != nullptr)
                walk_output(walk, entry->subquery, &scope, number);
        }
        return;
    }
    ListCell *cell;
    foreach (cell, query->targetList)
    {
        auto *target = lfirst_node(TargetEntry, cell);
        if (!target->resjunk && (number == 0 || target->resno == number))
            walk_in(walk, &scope, reinterpret_cast<Node *>(target->expr));
    }
}

void emit(Walk *walk, Oid relation, AttrNumber column)
{
    Datum values[] = {Int32GetDatum(walk->position), ObjectIdGetDatum(relation),
                      CStringGetTextDatum(get_attname(relation, column, false))};
    bool nulls[] = {false, false, false};
    tuplestore_putvalues(walk->result->setResult, walk->result->setDesc, values, nulls);
}

void walk_relation(Walk *walk, RangeTblEntry *entry, AttrNumber column)
{
    if (column < 0)
        return;  // a system column is of the row, not of a value
    if (column == 0)
    {
        Relation relation = relation_open(entry->relid, AccessShareLock);
        TupleDesc shape = RelationGetDescr(relation);
        for (int i = 0; i < shape->natts; i++)
            if (!TupleDescAttr(shape, i)->attisdropped)
                walk_relation(walk, entry, static_cast<AttrNumber>(i + 1));
        relation_close(relation, NoLock);
        return;
    }
    emit(walk, entry->relid, column);
    if (get_rel_relkind(entry->relid) != RELKIND_VIEW)
        return;
    Relation view = relation_open(entry->relid, AccessShareLock);
    walk_output(walk, get_view_query(view), nullptr, column);
    relation_close(view, NoLock);
}

void walk_cte(Walk *walk, const Scope *scope, const RangeTblEntry *entry, AttrNumber column)
{
    if (entry->self_reference)
        return;  // its first part has the sources already
    for (Index up = 0; up < entry->ctelevelsup && scope != nullptr; up++)
        scope = scope->outer;
    if (scope == nullptr)
        return;
    ListCell *cell;
    foreach (cell, scope->query->cteList)
    {
        auto *common = lfirst_node(CommonTableExpr, cell);
        if (strcmp(common->ctename, entry->ctename) == 0)
            walk_output(walk, castNode(Query, common->ctequery), scope, column);
    }
}

void walk_item(Walk *walk, const Scope *scope, List *expressions, AttrNumber column)
{
    if (column > 0 && column <= list_length(expressions))
        walk_in(walk, scope, static_cast<Node *>(list_nth(expressions, column - 1)));
}

void walk_column(Walk *walk, const Scope *scope, RangeTblEntry *entry, AttrNumber column)
{
    check_stack_depth();
    switch (entry->rtekind)
    {
    case RTE_RELATION:
        walk_relation(walk, entry, column);
        return;
    case RTE_SUBQUERY:
        walk_output(walk, entry->subquery, scope, column);
        return;
    case RTE_JOIN:
        walk_item(walk, scope, entry->joinaliasvars, column);
        return;
    case RTE_CTE:
        walk_cte(walk, scope, entry, column);
        return;
    case RTE_FUNCTION:
        walk_in(walk, scope, reinterpret_cast<Node *>(entry->functions));
        return;
    case RTE_VALUES: {
        ListCell *cell;
        foreach (cell, entry->values_lists)
            walk_item(walk, scope, static_cast<List *>(lfirst(cell)), column);
        return;
    }
    default:
        walk_item(walk, scope, pg::grouping_expressions(entry), column);
        return;
    }
}

bool walk_node(Node *node, void *context)
{
    auto *walk = static_cast<Walk *>(context);
    if (node == nullptr)
        return false;
    if (IsA(node, Var))
    {
        const auto *var = reinterpret_cast<Var *>(node);
        const Scope *scope = walk->scope;
        for (Index up = 0; up < var->varlevelsup && scope != nullptr; up++)
            scope = scope->outer;
        if (scope != nullptr)
            walk_column(walk, scope, rt_fetch(var->varno, scope->query->rtable), var->varattno);
        return false;
    }
    if (IsA(node, SubLink))
    {
        auto *link = reinterpret_cast<SubLink *>(node);
        (void) walk_node(link->testexpr, context);
        walk_output(walk, castNode(Query, link->subselect), walk->scope, 0);
        return false;
    }
    return expression_tree_walker(node, QUIVER_WALKER(walk_node), context);
}

}  // namespace
}  // namespace quiver::features

using namespace quiver::features;

// feature_query_lineage(query text): (position, relation, column)
QUIVER_FUNCTION(feature_query_lineage)
{
    InitMaterializedSRF(fcinfo, 0);
    Query *query = analyse_select(text_to_cstring(PG_GETARG_TEXT_PP(0)));
    Walk walk{nullptr, reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo), 0, 0};
    const int count = list_length(query->targetList);
    for (int number = 1; number <= count; number++)
    {
        walk.position = number;
        walk_output(&walk, query, nullptr, static_cast<AttrNumber>(number));
    }
    return Datum{0};
}
