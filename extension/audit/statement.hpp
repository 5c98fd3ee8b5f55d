// Statements that are being executed: opened when they start, closed when they end or fail.
#pragma once

#include "audit/stage.hpp"

namespace quiver::audit {

struct OpenStatement
{
    const void *key;  // the QueryDesc, or the utility statement's node
    EventPlace place;
    EventHead head;  // as it was written, for a completion elsewhere
    std::uint32_t statement;
    std::uint32_t substatement;
    instr_time begin;
    std::uint64_t rows;
    SubTransactionId subtransaction;
    int parent;  // position below, -1 for the client's own
    bool is_recorded;
};

// Position of a new open statement, nested in the one that runs; -1 if there is no memory for it.
// It gets its ids; it is not recorded yet.
int open_statement(const void *key);
OpenStatement *statement_at(int position);
int find_statement(const void *key);
// The builder's event is this statement's: appended, and completed when it is closed.
void record_statement(int position);
void close_statement(int position, Outcome outcome, int sqlstate);
// What runs now: functions and nested statements belong to it. Set around each run.
int running_statement();
void set_running_statement(int position);
// Ends of (sub)transactions: whatever is still open in them has failed.
void close_failed(SubTransactionId first);
void close_all(Outcome outcome);

// Starts the builder's event of a statement with what all have: user, context, command.
void begin_event(EventKind kind, EventClass klass, std::string_view command);
// The same of an error that no statement's event tells of.
void begin_failure(std::string_view command, int sqlstate, SubTransactionId subtransaction);
// What a plannable statement is called.
const char *command_name(CmdType command);
// What is kept of a statement's text at most, in bytes; and whether a lower-case word is one of SQL's.
constexpr std::size_t most_text = 2048;
inline bool is_keyword(const char *word) { return ScanKeywordLookup(word, &ScanKeywords) >= 0; }
// Adds the text, as the settings say. `length` as in PlannedStmt.
void add_text(const char *source, int location, int length, bool is_setting);
// The same of a text that is normalised already, or of the builder's own field that is still open.
void add_normalized(std::string_view text, bool is_cut);
// The part of a source that is one statement.
std::string_view statement_text(const char *source, int location, int length);
void write_unpacked_sqlstate(EventHead &head, int sqlstate);
inline Outcome failure_outcome(int sqlstate)
{
    return sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE ? Outcome::denied : Outcome::failed;
}

// An error of a statement was recorded with it, so that the log's hook need not.
extern bool failure_is_recorded;

// Under block and error: waits or refuses while the rings lack room. Called before a statement begins.
void admit_statement();

bool audit_is_active();
// The session's last events leave when the process does.
void watch_exit();

// Until the worker has on disk what was in the rings when this was called; false after that time.
bool wait_for_worker(bool sealed, int milliseconds);

void install_executor_hooks();
void install_planner_hook();
void install_utility_hooks();
void install_object_hooks();
void install_session_hooks();

}  // namespace quiver::audit
