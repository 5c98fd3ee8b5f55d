// Errors that an exception block catches, and that no statement's event has.
#pragma once

#include "audit/settings.hpp"
#include "audit/text.hpp"

namespace quiver::audit {

// Around what a statement that is open runs. An error takes the callback off by itself, as PG_TRY keeps the stack.
void watch_errors(ErrorContextCallback &callback, int position);
void unwatch_errors(const ErrorContextCallback &callback);
// The statement that the error went through, where the error names none itself. Arguments as in PlannedStmt.
void describe_caught(const char *source, int location, int length);
// The error was recorded otherwise.
void forget_caught();
// The subtransaction is rolled back: what was noted in it and is not recorded yet is an event.
void record_caught(SubTransactionId subtransaction);

// How much of a text that failed may be kept: of what the server could not parse, key words alone are sure.
TextCare failure_care(int sqlstate);

}  // namespace quiver::audit
