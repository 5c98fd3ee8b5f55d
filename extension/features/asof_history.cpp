// Plan the history apart from the spine: its columns, the relation that carries it, its paths.
#include "features/asof_history.hpp"

namespace quiver::features {

AttrNumber column_of(Query *query, Expr *expression)
{
    ListCell *cell;
    foreach (cell, query->targetList)
    {
        auto *entry = lfirst_node(TargetEntry, cell);
        if (equal(entry->expr, expression))
            return entry->resno;
    }
    const auto number = static_cast<AttrNumber>(list_length(query->targetList) + 1);
    auto *copy = static_cast<Expr *>(copyObjectImpl(expression));
    query->targetList = lappend(query->targetList, makeTargetEntry(copy, number, nullptr, false));
    return number;
}

namespace {

Var *variable(const Columns &columns, AttrNumber number)
{
    auto *entry = list_nth_node(TargetEntry, columns.query->targetList, number - 1);
    auto *node = reinterpret_cast<Node *>(entry->expr);
    return makeVar(static_cast<int>(columns.relid), number, exprType(node), exprTypmod(node),
                   exprCollation(node), 0);
}

}  // namespace

Node *over_relation(Node *node, void *context)
{
    if (node == nullptr)
        return nullptr;
    auto *columns = static_cast<Columns *>(context);
    ListCell *cell;
    foreach (cell, columns->query->targetList)
    {
        auto *entry = lfirst_node(TargetEntry, cell);
        if (equal(entry->expr, node))
            return reinterpret_cast<Node *>(variable(*columns, entry->resno));
    }
    if (IsA(node, Var) && castNode(Var, node)->varlevelsup == 0)
        return reinterpret_cast<Node *>(
            variable(*columns, column_of(columns->query, reinterpret_cast<Expr *>(node))));
    return expression_tree_mutator(node, QUIVER_MUTATOR(over_relation), context);
}

bool is_needed(const RelOptInfo *subquery, AttrNumber column)
{
    return !bms_is_empty(subquery->attr_needed[column - subquery->min_attr]);
}

namespace {

// GREATEST(time, created), and only rows that have both.
Expr *seen_expression(const Shape *shape)
{
    auto *time = reinterpret_cast<Node *>(shape->time);
    auto *greatest = makeNode(MinMaxExpr);
    greatest->minmaxtype = exprType(time);
    greatest->minmaxcollid = exprCollation(time);
    greatest->inputcollid = shape->collation;
    greatest->op = IS_GREATEST;
    greatest->args = list_make2(shape->time, shape->known);
    greatest->location = -1;

    auto *present = makeNode(NullTest);
    present->arg = static_cast<Expr *>(copyObjectImpl(shape->known));
    present->nulltesttype = IS_NOT_NULL;
    present->argisrow = false;
    present->location = -1;
    auto *jointree = shape->history->jointree;
    jointree->quals = reinterpret_cast<Node *>(
        jointree->quals == nullptr
            ? reinterpret_cast<Expr *>(present)
            : makeBoolExpr(AND_EXPR, list_make2(jointree->quals, present), -1));
    return reinterpret_cast<Expr *>(greatest);
}

void show_clauses(const Shape *shape, Columns *columns, History *history)
{
    Node *shown = over_relation(reinterpret_cast<Node *>(shape->shown), columns);
    IncrementVarSublevelsUp(shown, -1, 1);
    history->shown = reinterpret_cast<List *>(shown);
}

void choose_columns(PlannerInfo *root, Shape *shape, RelOptInfo *subquery, History *history)
{
    Query *query = shape->history;
    List *targets = query->targetList;
    query->targetList = NIL;
    Columns columns{query, history->relid};
    ListCell *cell;
    foreach (cell, shape->keys)
        history->keys = lappend_int(
            history->keys, column_of(query, static_cast<KeyClause *>(lfirst(cell))->history));
    history->time = column_of(query, shape->time);
    if (shape->computed != NIL)
    {
        choose_window_columns(root, shape, targets, subquery, history);
        return show_clauses(shape, &columns, history);
    }
    history->seen =
        shape->known != nullptr ? column_of(query, seen_expression(shape)) : history->time;
    for_each_from(cell, shape->order, 1)
    {
        auto *entry = get_sortgroupclause_tle(lfirst_node(SortGroupClause, cell), targets);
        history->ties = lappend_int(history->ties, column_of(query, entry->expr));
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
    show_clauses(shape, &columns, history);
}

// Names for EXPLAIN: a column keeps its own.
char *column_name(Query *query, const TargetEntry *entry)
{
    if (IsA(entry->expr, Var))
    {
        const auto *column = reinterpret_cast<Var *>(entry->expr);
        return get_rte_attribute_name(rt_fetch(column->varno, query->rtable), column->varattno);
    }
    return psprintf("column%d", entry->resno);
}

RangeTblEntry *make_entry(Query *query)
{
    List *names = NIL;
    ListCell *cell;
    foreach (cell, query->targetList)
    {
        auto *entry = lfirst_node(TargetEntry, cell);
        entry->resname = column_name(query, entry);
        names = lappend(names, makeString(entry->resname));
    }
    auto *entry = makeNode(RangeTblEntry);
    entry->rtekind = RTE_SUBQUERY;
    entry->subquery = query;
    entry->alias = makeAlias("history", NIL);
    entry->eref = makeAlias("history", names);
    entry->inFromCl = false;
    return entry;
}

void add_relation(PlannerInfo *root, History *history, PlannerInfo *subroot, Query *query)
{
    RangeTblEntry *entry = make_entry(query);
    root->parse->rtable = lappend(root->parse->rtable, entry);
    expand_planner_arrays(root, 1);
    root->simple_rte_array[history->relid] = entry;
    RelOptInfo *rel = build_simple_rel(root, static_cast<int>(history->relid), nullptr);
    // Not a base relation: the join search has no business with it.
    rel->reloptkind = RELOPT_OTHER_MEMBER_REL;
    const RelOptInfo *final = fetch_upper_rel(subroot, UPPERREL_FINAL, nullptr);
    rel->subroot = subroot;
    rel->rows = rel->tuples = final->cheapest_total_path->rows;
    rel->consider_parallel = final->consider_parallel;
    rel->reltarget->width = final->cheapest_total_path->pathtarget->width;
    const Columns columns{query, history->relid};
    for (int number = 1; number <= list_length(query->targetList); ++number)
        rel->reltarget->exprs =
            lappend(rel->reltarget->exprs, variable(columns, static_cast<AttrNumber>(number)));
    history->rel = rel;
}

}  // namespace

History *plan_history(PlannerInfo *root, Shape *shape, RelOptInfo *subquery)
{
    if (is_needed(subquery, 0))  // the whole row
        return nullptr;
    auto *history = static_cast<History *>(palloc0(sizeof(History)));
    history->relid = static_cast<Index>(list_length(root->parse->rtable) + 1);
    if (history->relid != static_cast<Index>(root->simple_rel_array_size))
        return nullptr;
    choose_columns(root, shape, subquery, history);
    // Planning changes the query it is given, and EXPLAIN and setrefs want the original.
    auto *query = static_cast<Query *>(copyObjectImpl(shape->history));
    PlannerInfo *subroot = pg::plan_subquery(root, query);
    RelOptInfo *final = fetch_upper_rel(subroot, UPPERREL_FINAL, nullptr);
    if (IS_DUMMY_REL(final))
        return nullptr;
    add_relation(root, history, subroot, shape->history);
    history->scan = pg::scan_subquery(root, history->rel, final->cheapest_total_path);
    if (final->consider_parallel && final->partial_pathlist != NIL)
        history->share = pg::scan_subquery(root, history->rel,
                                           static_cast<Path *>(linitial(final->partial_pathlist)));
    return history;
}

}  // namespace quiver::features
