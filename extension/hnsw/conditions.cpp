// Conditions that the planner leaves to the table though the index could decide them.
#include "hnsw/conditions.hpp"

namespace quiver::hnsw {

namespace {

bool is_taken(const IndexPath *path, const RestrictInfo *restriction)
{
    ListCell *cell;
    foreach (cell, path->indexclauses)
        if (lfirst_node(IndexClause, cell)->rinfo == restriction)
            return true;
    return false;
}

// The condition as the scan gets it, if it is `column = ANY (...)` of a column.
Expr *any_of(PlannerInfo *root, IndexOptInfo *index, int column, const RestrictInfo *restriction)
{
    if (!IsA(restriction->clause, ScalarArrayOpExpr))
        return nullptr;
    auto *clause = castNode(ScalarArrayOpExpr, restriction->clause);
    Node *left = static_cast<Node *>(linitial(clause->args));
    Node *right = static_cast<Node *>(lsecond(clause->args));
    if (!clause->useOr || !match_index_to_operand(left, column, index) ||
        !op_in_opfamily(clause->opno, index->opfamily[column]) ||
        (OidIsValid(index->indexcollations[column]) &&
         index->indexcollations[column] != clause->inputcollid) ||
        bms_is_member(static_cast<int>(index->rel->relid), pull_varnos(root, right)) ||
        contain_volatile_functions(right))
        return nullptr;
    return restriction->clause;
}

// The same for a boolean column that is the condition itself.
Expr *is_true(IndexOptInfo *index, int column, const RestrictInfo *restriction)
{
    if (index->opcintype[column] != BOOLOID ||
        !op_in_opfamily(BooleanEqualOperator, index->opfamily[column]))
        return nullptr;
    Node *operand = reinterpret_cast<Node *>(restriction->clause);
    const bool negated = is_notclause(operand);
    if (negated)
        operand = reinterpret_cast<Node *>(get_notclausearg(restriction->clause));
    if (!match_index_to_operand(operand, column, index))
        return nullptr;
    return make_opclause(BooleanEqualOperator, BOOLOID, false, reinterpret_cast<Expr *>(operand),
                         reinterpret_cast<Expr *>(makeBoolConst(!negated, false)), InvalidOid,
                         InvalidOid);
}

}  // namespace

void add_conditions(PlannerInfo *root, IndexPath *path)
{
    IndexOptInfo *index = path->indexinfo;
    ListCell *cell;
    foreach (cell, index->indrestrictinfo)
    {
        auto *restriction = lfirst_node(RestrictInfo, cell);
        if (restriction->pseudoconstant || is_taken(path, restriction) ||
            !restriction_is_securely_promotable(restriction, index->rel))
            continue;
        for (int column = 1; column < index->nkeycolumns; ++column)
        {
            Expr *condition = any_of(root, index, column, restriction);
            if (condition == nullptr)
                condition = is_true(index, column, restriction);
            if (condition == nullptr)
                continue;
            auto *clause = makeNode(IndexClause);
            clause->rinfo = restriction;
            clause->indexquals = list_make1(condition == restriction->clause
                                                ? restriction
                                                : make_simple_restrictinfo(root, condition));
            clause->indexcol = static_cast<AttrNumber>(column);
            // Other paths may have the same list; it is in the order of columns.
            List *clauses = NIL;
            bool placed = false;
            ListCell *old;
            foreach (old, path->indexclauses)
            {
                if (!placed && lfirst_node(IndexClause, old)->indexcol > column)
                {
                    clauses = lappend(clauses, clause);
                    placed = true;
                }
                clauses = lappend(clauses, lfirst(old));
            }
            path->indexclauses = placed ? clauses : lappend(clauses, clause);
            break;
        }
    }
}

}  // namespace quiver::hnsw
