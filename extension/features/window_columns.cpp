// The columns that windows need of each history row: arguments, filters, orders of their aggregates.
#include "features/window.hpp"

namespace quiver::features {
namespace {

// Where an aggregate leaves NULLs out anyway, a row that its filter leaves out is a NULL.
Expr *where_filter_holds(Expr *argument, Expr *filter)
{
    auto *when = makeNode(CaseWhen);
    when->expr = filter;
    when->result = argument;
    when->location = -1;
    auto *choice = makeNode(CaseExpr);
    auto *node = reinterpret_cast<Node *>(argument);
    choice->casetype = exprType(node);
    choice->casecollid = exprCollation(node);
    choice->args = list_make1(when);
    choice->defresult = reinterpret_cast<Expr *>(
        makeNullConst(exprType(node), exprTypmod(node), exprCollation(node)));
    choice->location = -1;
    return reinterpret_cast<Expr *>(choice);
}

// Columns of one aggregate's arguments, and of its filter if that is kept apart.
List *argument_columns(Query *query, const WindowAggregate &aggregate, int *filter)
{
    Aggref *call = aggregate.aggregate;
    *filter = 0;
    if (aggregate.kind == WindowKind::count_rows && call->aggfilter == nullptr)
        return NIL;
    if (aggregate.kind == WindowKind::count_rows)
        return list_make1_int(column_of(
            query, where_filter_holds(reinterpret_cast<Expr *>(makeBoolConst(true, false)),
                                      call->aggfilter)));
    List *columns = NIL;
    ListCell *cell;
    foreach (cell, call->args)
    {
        auto *argument = lfirst_node(TargetEntry, cell);
        if (argument->resjunk)
            continue;
        const bool folds = aggregate.kind != WindowKind::general &&
                           aggregate.kind != WindowKind::first &&
                           aggregate.kind != WindowKind::last && call->aggfilter != nullptr;
        columns = lappend_int(
            columns, column_of(query, folds ? where_filter_holds(argument->expr, call->aggfilter)
                                            : argument->expr));
    }
    if (aggregate.kind == WindowKind::general && call->aggfilter != nullptr)
        *filter = column_of(query, call->aggfilter);
    return columns;
}

void add_ties(Query *query, Aggref *ordered, History *history)
{
    if (history->ties != NIL)
        return;
    for (int i = 1; i < list_length(ordered->aggorder); ++i)
    {
        auto *tie = static_cast<WindowTie *>(palloc(sizeof(WindowTie)));
        *tie = tie_of(ordered, list_nth_node(SortGroupClause, ordered->aggorder, i));
        history->ties = lappend_int(history->ties, column_of(query, tie->value));
        history->window_ties = lappend(history->window_ties, tie);
    }
}

// Whether the result may differ if rows of equal time change places.
bool depends_on_order(const WindowAggregate &aggregate)
{
    switch (aggregate.kind)
    {
    case WindowKind::count_rows:
    case WindowKind::count_values:
    case WindowKind::distinct:
    case WindowKind::percentile:
        return false;
    case WindowKind::sum:
    case WindowKind::average:
    case WindowKind::minimum:
    case WindowKind::maximum:
        return linitial_oid(aggregate.aggregate->aggargtypes) == FLOAT8OID;
    default:
        return true;
    }
}

// The address of the one table's rows behind a query: an index gives out equal keys in their order.
// Nullptr if there is no such table.
Var *row_address(Query *query)
{
    if (list_length(query->jointree->fromlist) != 1 ||
        !IsA(linitial(query->jointree->fromlist), RangeTblRef))
        return nullptr;
    const int number = linitial_node(RangeTblRef, query->jointree->fromlist)->rtindex;
    RangeTblEntry *entry = rt_fetch(number, query->rtable);
    if (entry->rtekind == RTE_RELATION)
    {
        const bool is_table =
            entry->relkind == RELKIND_RELATION || entry->relkind == RELKIND_MATVIEW;
        if (!is_table || entry->tablesample != nullptr || has_subclass(entry->relid))
            return nullptr;
        return makeVar(number, SelfItemPointerAttributeNumber, TIDOID, -1, InvalidOid, 0);
    }
    if (entry->rtekind != RTE_SUBQUERY || entry->lateral)
        return nullptr;
    Query *view = entry->subquery;
    if (view->commandType != CMD_SELECT || view->hasAggs || view->hasWindowFuncs ||
        view->hasTargetSRFs || view->distinctClause != NIL || view->groupClause != NIL ||
        view->groupingSets != NIL || view->setOperations != nullptr ||
        view->limitCount != nullptr || view->limitOffset != nullptr || view->rowMarks != NIL)
        return nullptr;
    Var *inner = row_address(view);
    if (inner == nullptr)
        return nullptr;
    const auto column = static_cast<AttrNumber>(list_length(view->targetList) + 1);
    char name[] = "row_address";
    view->targetList = lappend(view->targetList, makeTargetEntry(reinterpret_cast<Expr *>(inner),
                                                                 column, pstrdup(name), false));
    entry->eref->colnames = lappend(entry->eref->colnames, makeString(pstrdup(name)));
    return makeVar(number, column, TIDOID, -1, InvalidOid, 0);
}

}  // namespace

void choose_window_columns(PlannerInfo *root, Shape *shape, List *targets, RelOptInfo *subquery,
                           History *history)
{
    Query *query = shape->history;
    Columns columns{query, history->relid};
    history->seen = history->time;
    if (shape->known != nullptr)
        history->known = column_of(query, shape->known);
    ListCell *cell;
    foreach (cell, shape->computed)
    {
        WindowAggregate aggregate{};
        int filter;
        (void) classify(static_cast<Expr *>(lfirst(cell)), &aggregate);
        history->arguments =
            lappend(history->arguments, argument_columns(query, aggregate, &filter));
        history->filters = lappend_int(history->filters, filter);
        if (aggregate.kind == WindowKind::first || aggregate.kind == WindowKind::last)
            add_ties(query, aggregate.aggregate, history);
        history->by_order |= depends_on_order(aggregate);
    }
    Var *address = history->by_order ? row_address(query) : nullptr;
    if (address != nullptr)
        history->sequence = column_of(query, reinterpret_cast<Expr *>(address));
    foreach (cell, shape->computed)
    {
        Node *computed = over_relation(static_cast<Node *>(lfirst(cell)), &columns);
        history->computed = lappend(history->computed, eval_const_expressions(root, computed));
    }
    foreach (cell, targets)
    {
        auto *entry = lfirst_node(TargetEntry, cell);
        if (entry->resjunk || !is_needed(subquery, entry->resno))
            continue;
        Node *output = over_relation(reinterpret_cast<Node *>(entry->expr), &columns);
        output = eval_const_expressions(root, output);
        history->outputs =
            lappend(history->outputs, makeTargetEntry(reinterpret_cast<Expr *>(output),
                                                      entry->resno, nullptr, false));
    }
}

}  // namespace quiver::features
