// Conditions on a distance: which expressions of a query compare one, and what they do to it first.
#include "types/distance_condition.hpp"

#include "types/distance_support.hpp"

namespace quiver::types {

namespace {

Node *without_relabeling(Node *node)
{
    while (node != nullptr && IsA(node, RelabelType))
        node = reinterpret_cast<Node *>(castNode(RelabelType, node)->arg);
    return node;
}

bool is_number(Node *node, double *number)
{
    if (!IsA(node, Const))
        return false;
    const auto *constant = castNode(Const, node);
    if (constant->constisnull || constant->consttype != FLOAT8OID)
        return false;
    *number = DatumGetFloat8(constant->constvalue);
    return true;
}

Oid function_of(const OpExpr *call)
{
    return OidIsValid(call->opfuncid) ? call->opfuncid : get_opcode(call->opno);
}

bool compares_numbers(const OpExpr *call)
{
    switch (function_of(call))
    {
    case F_FLOAT8LT:
    case F_FLOAT8LE:
    case F_FLOAT8GT:
    case F_FLOAT8GE:
    case F_FLOAT84LT:
    case F_FLOAT84LE:
    case F_FLOAT84GT:
    case F_FLOAT84GE:
    case F_FLOAT48LT:
    case F_FLOAT48LE:
    case F_FLOAT48GT:
    case F_FLOAT48GE:
        return true;
    default:
        return false;
    }
}

// Whether an expression has a column that is not this relation's, or what cannot be told so early.
bool leaves_relation(Node *node, void *relation)
{
    if (node == nullptr)
        return false;
    if (IsA(node, Var))
        return castNode(Var, node)->varlevelsup == 0 &&
               static_cast<Index>(castNode(Var, node)->varno) != *static_cast<Index *>(relation);
    if (IsA(node, PlaceHolderVar) || IsA(node, SubPlan) || IsA(node, AlternativeSubPlan) ||
        IsA(node, Aggref) || IsA(node, WindowFunc) || IsA(node, GroupingFunc))
        return true;
    return expression_tree_walker(node, QUIVER_WALKER(leaves_relation), relation);
}

struct Search
{
    Index relation;
    List *found;
};

void consider(Node *side, Search *search)
{
    ScaledDistance distance;
    side = without_relabeling(side);
    if (find_distance(side, &distance) && contain_var_clause(side) &&
        !leaves_relation(side, &search->relation) && !contain_volatile_functions(side))
        search->found = list_append_unique(search->found, side);
}

bool collect(Node *node, void *context)
{
    if (node == nullptr)
        return false;
    auto *search = static_cast<Search *>(context);
    if (IsA(node, OpExpr) && list_length(castNode(OpExpr, node)->args) == 2 &&
        compares_numbers(castNode(OpExpr, node)))
    {
        consider(static_cast<Node *>(linitial(castNode(OpExpr, node)->args)), search);
        consider(static_cast<Node *>(lsecond(castNode(OpExpr, node)->args)), search);
        return false;
    }
    return expression_tree_walker(node, QUIVER_WALKER(collect), search);
}

}  // namespace

bool find_distance(Node *expression, ScaledDistance *found)
{
    Node *node = without_relabeling(expression);
    if (node == nullptr)
        return false;
    if (is_distance_call(reinterpret_cast<Expr *>(node)))
    {
        *found = {reinterpret_cast<Expr *>(node), 1, 0};
        return true;
    }
    if (!IsA(node, OpExpr))
        return false;
    const auto *call = castNode(OpExpr, node);
    const Oid function = function_of(call);
    Node *left = static_cast<Node *>(linitial(call->args));
    if (function == F_FLOAT8UM && find_distance(left, found))
    {
        *found = {found->call, -found->scale, -found->offset};
        return true;
    }
    if (list_length(call->args) != 2)
        return false;
    Node *right = static_cast<Node *>(lsecond(call->args));
    double number;
    const bool number_first = is_number(left, &number);
    if (!(number_first || is_number(right, &number)) ||
        !find_distance(number_first ? right : left, found))
        return false;
    switch (function)
    {
    case F_FLOAT8PL:
        found->offset += number;
        return true;
    case F_FLOAT8MI:
        if (number_first)
            *found = {found->call, -found->scale, number - found->offset};
        else
            found->offset -= number;
        return true;
    case F_FLOAT8MUL:
        *found = {found->call, found->scale * number, found->offset * number};
        return true;
    default:
        return false;
    }
}

List *compared_distances(const Query *query, Index relation)
{
    Search search{relation, NIL};
    (void) collect(reinterpret_cast<Node *>(query->jointree), &search);
    return search.found;
}

}  // namespace quiver::types
