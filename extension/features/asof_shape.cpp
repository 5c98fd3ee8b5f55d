// Recognise ORDER BY time DESC LIMIT 1 under keys and a time that come from outside the subquery.
#include "features/asof_shape.hpp"

#include "pg/executor.hpp"

namespace quiver::features {
namespace {

// Which query levels an expression of the subquery mentions.
struct Mentions
{
    int depth;  // sublinks entered so far
    bool own;
    bool spine;  // the query just outside
    bool farther;
    bool other;  // something that cannot be moved from its query
};

bool note_level(Mentions *seen, Index levels_up)
{
    const int level = static_cast<int>(levels_up) - seen->depth;
    seen->own |= level == 0;
    seen->spine |= level == 1;
    seen->farther |= level > 1;
    return false;
}

bool find_mentions(Node *node, void *context)
{
    auto *seen = static_cast<Mentions *>(context);
    if (node == nullptr)
        return false;
    switch (nodeTag(node))
    {
    case T_Var:
        return note_level(seen, castNode(Var, node)->varlevelsup);
    case T_PlaceHolderVar:
        note_level(seen, reinterpret_cast<PlaceHolderVar *>(node)->phlevelsup);
        break;
    case T_Aggref:
    case T_GroupingFunc:
    case T_WindowFunc:
    case T_CurrentOfExpr:
        seen->other = true;
        return false;
    case T_RangeTblEntry:
        return false;
    case T_Query: {
        ++seen->depth;
        (void) query_tree_walker(reinterpret_cast<Query *>(node), QUIVER_WALKER(find_mentions),
                                 context, QTW_EXAMINE_RTES_BEFORE);
        --seen->depth;
        return false;
    }
    default:
        break;
    }
    return expression_tree_walker(node, QUIVER_WALKER(find_mentions), context);
}

Mentions mentions_of(Node *node)
{
    Mentions seen{};
    (void) find_mentions(node, &seen);
    return seen;
}

bool mentions_outside(Query *query)
{
    Mentions seen{};
    (void) query_tree_walker(query, QUIVER_WALKER(find_mentions), &seen, QTW_EXAMINE_RTES_BEFORE);
    return seen.spine || seen.farther;
}

}  // namespace

// The parser leaves LIMIT 1 as a cast of an integer.
bool is_constant(PlannerInfo *root, const Node *clause, std::int64_t value)
{
    if (clause == nullptr)
        return false;
    Node *folded = eval_const_expressions(root, static_cast<Node *>(copyObjectImpl(clause)));
    if (!IsA(folded, Const))
        return false;
    const auto *constant = reinterpret_cast<const Const *>(folded);
    return !constant->constisnull && constant->consttype == INT8OID &&
           DatumGetInt64(constant->constvalue) == value;
}

namespace {

bool is_one_newest_row(PlannerInfo *root, const Query *query)
{
    return query->commandType == CMD_SELECT && query->limitOption == LIMIT_OPTION_COUNT &&
           is_constant(root, query->limitCount, 1) &&
           (query->limitOffset == nullptr || is_constant(root, query->limitOffset, 0)) &&
           query->sortClause != NIL && !query->hasAggs && !query->hasWindowFuncs &&
           !query->hasTargetSRFs && !query->hasForUpdate && !query->hasModifyingCTE &&
           query->cteList == NIL && query->groupClause == NIL && query->groupingSets == NIL &&
           query->havingQual == nullptr && query->distinctClause == NIL && query->rowMarks == NIL &&
           query->setOperations == nullptr && query->jointree != nullptr;
}

}  // namespace

void flatten_ands(Node *clause, List **conjuncts)
{
    if (clause == nullptr)
        return;
    if (IsA(clause, List))
    {
        ListCell *cell;
        foreach (cell, castNode(List, clause))
            flatten_ands(static_cast<Node *>(lfirst(cell)), conjuncts);
    }
    else if (is_andclause(clause))
        flatten_ands(reinterpret_cast<Node *>(castNode(BoolExpr, clause)->args), conjuncts);
    else
        *conjuncts = lappend(*conjuncts, clause);
}

bool mentions_outer(Node *clause)
{
    const Mentions seen = mentions_of(clause);
    return seen.spine || seen.farther;
}

bool query_mentions_outer(Query *query) { return mentions_outside(query); }

bool as_comparison(Node *clause, Comparison *result)
{
    if (!IsA(clause, OpExpr) || list_length(castNode(OpExpr, clause)->args) != 2)
        return false;
    const auto *expression = castNode(OpExpr, clause);
    auto *left = static_cast<Node *>(linitial(expression->args));
    auto *right = static_cast<Node *>(lsecond(expression->args));
    const Mentions on_left = mentions_of(left);
    const Mentions on_right = mentions_of(right);
    if (on_left.farther || on_right.farther || on_left.other || on_right.other)
        return false;
    const bool turned = on_left.spine;
    const Mentions &history = turned ? on_right : on_left;
    const Mentions &spine = turned ? on_left : on_right;
    if (history.spine || !history.own || spine.own || !spine.spine)
        return false;
    if (checkExprHasSubLink(left) || checkExprHasSubLink(right))
        return false;
    *result = Comparison{turned ? get_commutator(expression->opno) : expression->opno,
                         expression->inputcollid, reinterpret_cast<Expr *>(turned ? right : left),
                         reinterpret_cast<Expr *>(turned ? left : right)};
    return OidIsValid(result->opno);
}

// Level one up becomes level zero: the spine's expression in the outer query.
Expr *lifted(PlannerInfo *root, Expr *expression)
{
    auto *copy = static_cast<Node *>(copyObjectImpl(expression));
    IncrementVarSublevelsUp(copy, -1, 1);
    return reinterpret_cast<Expr *>(eval_const_expressions(root, copy));
}

bool add_key(PlannerInfo *root, Shape *shape, const Comparison &clause)
{
    if (!op_hashjoinable(clause.opno, exprType(reinterpret_cast<Node *>(clause.history))))
        return false;
    ListCell *cell;
    List *families = get_mergejoin_opfamilies(clause.opno);
    foreach (cell, families)
    {
        auto *key = static_cast<KeyClause *>(palloc0(sizeof(KeyClause)));
        int strategy;
        key->family = lfirst_oid(cell);
        get_op_opfamily_properties(clause.opno, key->family, false, &strategy, &key->history_type,
                                   &key->spine_type);
        if (!OidIsValid(
                get_opfamily_proc(key->family, key->history_type, key->spine_type, BTORDER_PROC)))
            continue;
        key->collation = clause.collation;
        key->history = clause.history;
        key->spine = lifted(root, clause.spine);
        shape->keys = lappend(shape->keys, key);
        return true;
    }
    return false;
}

namespace {

int turned_strategy(int strategy) { return BTMaxStrategyNumber + 1 - strategy; }

}  // namespace

bool add_time_clause(PlannerInfo *root, Shape *shape, const Comparison &clause)
{
    int strategy = get_op_opfamily_strategy(clause.opno, shape->family);
    if (strategy == 0 || strategy == BTEqualStrategyNumber)
        return false;
    if (shape->forward)
        strategy = turned_strategy(strategy);
    const bool upper = strategy == BTLessStrategyNumber || strategy == BTLessEqualStrategyNumber;
    const bool of_time = equal(clause.history, shape->time);
    if (!upper)
    {
        if (!of_time)
            return false;
        shape->bound_operators = lappend_oid(shape->bound_operators, clause.opno);
        shape->bounds = lappend(shape->bounds, lifted(root, clause.spine));
        return true;
    }
    Oid history_type, spine_type;
    get_op_opfamily_properties(clause.opno, shape->family, false, &strategy, &history_type,
                               &spine_type);
    if (of_time)
    {
        if (shape->spine_time != nullptr ||
            clause.collation != exprCollation(reinterpret_cast<Node *>(shape->time)))
            return false;
        shape->history_type = history_type;
        shape->spine_type = spine_type;
        shape->collation = clause.collation;
        shape->spine_time = lifted(root, clause.spine);
        shape->strict = strategy == BTLessStrategyNumber || strategy == BTGreaterStrategyNumber;
        return OidIsValid(get_opfamily_proc(shape->family, history_type, spine_type, BTORDER_PROC));
    }
    return false;
}

namespace {

// h.created <= s.time, once the time itself is known.
bool add_known_clause(PlannerInfo *root, Shape *shape, const Comparison &clause)
{
    const int strategy = get_op_opfamily_strategy(clause.opno, shape->family);
    const int wanted =
        shape->forward ? (shape->strict ? BTGreaterStrategyNumber : BTGreaterEqualStrategyNumber)
                       : (shape->strict ? BTLessStrategyNumber : BTLessEqualStrategyNumber);
    Node *known = reinterpret_cast<Node *>(clause.history);
    Node *time = reinterpret_cast<Node *>(shape->time);
    if (shape->known != nullptr || shape->forward || strategy != wanted ||
        exprType(known) != exprType(time) || exprCollation(known) != exprCollation(time) ||
        clause.collation != shape->collation ||
        !equal(lifted(root, clause.spine), shape->spine_time))
        return false;
    shape->known = clause.history;
    return true;
}

// The family and direction of the first ORDER BY expression.
bool read_order(Shape *shape, const Query *query)
{
    auto *first = linitial_node(SortGroupClause, query->sortClause);
    if (!pg::ordering_family(first->sortop, &shape->family, &shape->forward))
        return false;
    shape->time = get_sortgroupclause_tle(first, query->targetList)->expr;
    shape->order = query->sortClause;
    return true;
}

}  // namespace

Shape *recognise(PlannerInfo *root, const Query *subquery)
{
    if (!is_one_newest_row(root, subquery))
        return nullptr;
    auto *shape = static_cast<Shape *>(palloc0(sizeof(Shape)));
    auto *history = shape->history = static_cast<Query *>(copyObjectImpl(subquery));
    if (!read_order(shape, history) || mentions_of(reinterpret_cast<Node *>(shape->time)).spine)
        return nullptr;

    List *conjuncts = NIL, *kept = NIL, *others = NIL;
    flatten_ands(history->jointree->quals, &conjuncts);
    ListCell *cell;
    foreach (cell, conjuncts)
    {
        auto *clause = static_cast<Node *>(lfirst(cell));
        const Mentions seen = mentions_of(clause);
        Comparison comparison;
        if (!seen.spine && !seen.farther)
        {
            kept = lappend(kept, clause);
            continue;
        }
        if (!as_comparison(clause, &comparison))
            return nullptr;
        shape->shown = lappend(shape->shown, clause);
        if (!add_key(root, shape, comparison) && !add_time_clause(root, shape, comparison))
            others = lappend(others, clause);
    }
    if (shape->spine_time == nullptr)
        return nullptr;
    foreach (cell, others)
    {
        Comparison comparison;
        if (!as_comparison(static_cast<Node *>(lfirst(cell)), &comparison) ||
            !add_known_clause(root, shape, comparison))
            return nullptr;
    }
    history->jointree->quals = reinterpret_cast<Node *>(make_ands_explicit(kept));
    history->limitCount = history->limitOffset = nullptr;
    history->sortClause = NIL;
    if (mentions_outside(history) ||
        contain_volatile_functions(reinterpret_cast<Node *>(history)) ||
        contain_volatile_functions(reinterpret_cast<Node *>(shape->shown)) ||
        checkExprHasSubLink(reinterpret_cast<Node *>(history->targetList)))
        return nullptr;
    return shape;
}

}  // namespace quiver::features
