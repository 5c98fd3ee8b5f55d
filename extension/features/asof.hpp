// The as-of join as a plan node: for each spine row the newest history row that it may see.
//
// docs/asof_join.md has the meaning and the strategies. The planner's side recognises the LATERAL idiom
// (asof_shape), plans the history by itself (asof_history), weighs it against index probes (asof_cost)
// and offers the node (asof_path); AsofPlan carries the result to the executor's side.
#pragma once

#include "pg/planner.hpp"

namespace quiver::features {

inline constexpr const char *asof_node_name = "AsofJoin";

enum class Strategy : int
{
    automatic,
    probe,  // the ordinary plan: no node
    hash,
    merge,
};

// One value of the history that the output or the tie-break needs, kept with each winner.
struct Payload
{
    AttrNumber history;  // column of the history child
    int scan;  // its place in the node's scan tuple
    int copy;  // place of the output column that is this value as it is, or -1
};

// h.key = s.key, all the executor has to know.
struct KeyPlan
{
    Oid family;
    Oid history_type;
    Oid spine_type;
    Oid collation;
    AttrNumber history;
    Expr *spine;
};

struct TiePlan
{
    Oid sort_operator;
    Oid collation;
    bool nulls_first;
    AttrNumber history;
    int payload;  // its position among the payloads
};

// Everything between planner and executor. As a CustomScan it is
//   custom_plans       {spine, history}
//   custom_scan_tlist  columns of the spine, output columns of the subquery, columns of the history
//   custom_exprs, custom_private  what encode() makes of the rest
// Arrays are palloc'd.
struct AsofPlan
{
    Strategy strategy;
    bool inner;
    bool strict;
    bool forward;
    bool borrows;  // the spine's plan is an as-of join of the same keys and times: use its index
    bool shared_spine;  // in parallel, each process reads a share of the spine, else one reads all
    int spine_columns;
    int scan_columns;
    int key_count;
    KeyPlan *keys;
    Oid family;
    Oid history_type;
    Oid spine_type;
    Oid collation;
    AttrNumber time;
    AttrNumber seen;  // max(time, created) under known at, else the time
    Expr *spine_time;
    int bound_count;
    Oid *bound_operators;
    List *bounds;
    int tie_count;
    TiePlan *ties;
    int payload_count;
    Payload *payloads;
    List *output_places;  // IntList: where in the scan tuple each of `outputs` goes
    List *outputs;  // expressions over the scan tuple
    List *join_quals;
    List *filters;
    List *shown;  // what EXPLAIN prints
};

void encode(const AsofPlan &plan, CustomScan *scan);
AsofPlan decode(const CustomScan *scan);

Node *create_asof_state(CustomScan *scan);

// Settings, node and planner hook. Called once, from _PG_init.
void install_asof_join();

}  // namespace quiver::features
