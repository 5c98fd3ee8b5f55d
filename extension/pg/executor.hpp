// The door to PostgreSQL's headers for plan nodes that run: tuples kept and sorted, comparisons looked
// up by type.
#pragma once

#include "pg/planner.hpp"

extern "C" {
#include "access/nbtree.h"
#include "access/parallel.h"
#include "catalog/pg_amop.h"
#include "storage/barrier.h"
#include "utils/datum.h"
#include "utils/dsa.h"
#include "utils/fmgroids.h"
#include "utils/sortsupport.h"
#include "utils/tuplesort.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"
#include "utils/wait_event.h"
}
