// Logins and logouts, errors that no statement event has, ends of transactions, changes of policy.
#include "audit/statement.hpp"

#include "audit/caught.hpp"
#include "audit/labels.hpp"
#include "audit/relations.hpp"
#include "audit/text.hpp"

namespace quiver::audit {
namespace {

constinit ClientAuthentication_hook_type next_authentication = nullptr;
constinit emit_log_hook_type next_log = nullptr;
constinit bool exit_is_watched = false;
// Authenticated, but the role or the database may still be refused: until the first commit.
constinit bool login_is_pending = false;
constinit bool login_is_recorded = false;

void append_alone()
{
    append_event();
    flush_stage();
}

void leave(int, Datum)
{
    if (session.stage == nullptr)
        return;
    close_all(Outcome::failed);
    if (login_is_recorded && wants(EventClass::login))
    {
        begin_event(EventKind::logout, EventClass::login, "LOGOUT");
        builder.head.outcome = Outcome::done;
        builder.head.duration =
            static_cast<std::uint64_t>(GetCurrentTimestamp() - MyStartTimestamp);
        append_event();
    }
    detach_session();
}

const char *method_name(const Port *port)
{
    return port->hba != nullptr ? hba_authname(port->hba->auth_method) : "";
}

void record_login(Port *port, bool accepted, int sqlstate)
{
    begin_event(EventKind::login, EventClass::login, "LOGIN");
    builder.head.outcome = accepted ? Outcome::done : Outcome::denied;
    write_unpacked_sqlstate(builder.head, sqlstate);
    char message[128];
    snprintf(message, sizeof message, "method=%s%s", method_name(port),
             port->ssl_in_use ? " tls=on" : "");
    builder.field(Field::message, message);
    append_alone();
}

void authenticated(Port *port, int status)
{
    if (next_authentication != nullptr)
        next_authentication(port, status);
    if (!attach_session())
        return;
    watch_exit();
    login_is_pending = status == STATUS_OK;
}

// The statement in the server's log would show a password or a connection string.
bool is_sensitive(const char *source)
{
    char scratch[64];
    return normalize_text(source, TextCare::statement, scratch, sizeof scratch, is_keyword)
        .is_sensitive;
}

void record_failure(const ErrorData *error)
{
    char word[32];
    const char *source = debug_query_string;
    begin_failure(source != nullptr ? first_word(source, word) : std::string_view{"UNKNOWN"},
                  error->sqlerrcode, GetCurrentSubTransactionId());
    if (source != nullptr && text_mode() != TextMode::off)
    {
        std::size_t left;
        char *to = builder.open_field(left);
        const NormalizedText text = normalize_text(source, failure_care(error->sqlerrcode), to,
                                                   left < most_text ? left : most_text, is_keyword);
        add_normalized({to, text.size}, text.is_cut);
    }
    append_event();
}

void logged(ErrorData *error)
{
    if (next_log != nullptr)
        next_log(error);
    static constinit bool inside = false;
    if (inside || error->elevel < ERROR || error->elevel >= PANIC || !area_is_there())
        return;
    inside = true;
    const bool recorded = failure_is_recorded;
    failure_is_recorded = false;
    forget_caught();
    if (settings.classes != 0 && debug_query_string != nullptr && is_sensitive(debug_query_string))
        error->hide_stmt = true;
    const bool at_login = MyProcPort != nullptr && !login_is_recorded && error->elevel == FATAL;
    const bool wanted = wants(EventClass::failed) || (at_login && wants(EventClass::login));
    if (!recorded && wanted && !creating_extension && attach_session())
    {
        watch_exit();
        if (at_login)
            record_login(MyProcPort, false, error->sqlerrcode);
        else if (error->elevel != FATAL || debug_query_string != nullptr)
            record_failure(error);
    }
    inside = false;
}

// What the transaction's events outside the stage were told of its end, so that it is told once.
constinit Outcome told = Outcome::running;

// Events of the transaction that left the stage before its end are told how it ended.
bool tell_outcome(Outcome outcome, SubTransactionId first, TransactionId xid)
{
    if (session.generation == session.stage->generation)
        return false;
    builder.begin(EventKind::transaction, EventClass::none);
    builder.head.start = GetCurrentTimestamp();
    builder.head.outcome = outcome;
    builder.head.subtransaction = first;
    builder.head.xid = xid;
    append_event();
    return true;
}

// What left the stages is on disk, or quiver.audit_on_full has the transaction go on without.
void wait_for_segment()
{
    while (!wait_for_worker(false, 5000) && full_policy() != FullPolicy::keep_going)
        if (full_policy() == FullPolicy::error)
            ereport(
                ERROR, errcode(ERRCODE_INSUFFICIENT_RESOURCES),
                errmsg("the audit log cannot take this transaction"),
                errdetail("Its segment is not on disk and quiver.audit_on_full is error."),
                errhint(
                    "Make room for the files in quiver.audit_directory, or see the server log."));
}

void before_commit(Outcome outcome)
{
    if (durable() == Durable::off)
        return;
    const TransactionId xid = GetTopTransactionIdIfAny();
    // What only reads has no commit record that its events come before: WAL has them when they leave the stage.
    const bool waits =
        TransactionIdIsValid(xid) || outcome == Outcome::prepared || durable() == Durable::on;
    if (!waits)
        return;
    end_transaction(outcome, xid);
    // In WAL with the rest, so that also what the worker has taken is known to be committed after a crash.
    if (tell_outcome(outcome, 0, xid))
        told = outcome;
    const bool is_logged = write_stage_to_wal();
    // What the worker took before that is in no WAL: the segment has to be on disk. From here on it takes what WAL has.
    pg_read_barrier();
    if (session.stage->swept_transaction == session.transaction)
        wait_for_segment();
    if (is_logged)
    {
        if (!TransactionIdIsValid(xid))
            XLogFlush(XactLastRecEnd);
    }
    else if (RecoveryInProgress() && session.stage->events != 0)
    {
        // A standby has no WAL of its own: the segment has to be on disk.
        flush_stage();
        wait_for_segment();
    }
}

void transaction_ends(XactEvent event, void *)
{
    if (session.stage == nullptr)
        return;
    if (event == XACT_EVENT_COMMIT && labels_were_set)
        pg_atomic_fetch_add_u64(&area.head->policy_labels, 1);
    if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT)
        labels_were_set = false;
    if (event == XACT_EVENT_COMMIT && login_is_pending)
    {
        login_is_pending = false;
        login_is_recorded = true;
        if (wants(EventClass::login))
            record_login(MyProcPort, true, 0);
    }
    if (!session.in_transaction)
        return;
    switch (event)
    {
    case XACT_EVENT_PRE_COMMIT:
        before_commit(Outcome::committed);
        return;
    case XACT_EVENT_PRE_PREPARE:
        before_commit(Outcome::prepared);
        return;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE:
    case XACT_EVENT_ABORT: {
        const Outcome outcome = event == XACT_EVENT_COMMIT    ? Outcome::committed
                                : event == XACT_EVENT_PREPARE ? Outcome::prepared
                                                              : Outcome::rolled_back;
        if (event == XACT_EVENT_ABORT)
            close_all(Outcome::failed);
        const TransactionId xid = GetTopTransactionIdIfAny();
        end_transaction(outcome, xid);
        if (told != outcome)
            (void) tell_outcome(outcome, 0, xid);
        told = Outcome::running;
        if (event == XACT_EVENT_ABORT)
            (void) write_stage_to_wal();
        leave_transaction();
        return;
    }
    default:
        return;
    }
}

void subtransaction_ends(SubXactEvent event, SubTransactionId mine, SubTransactionId, void *)
{
    if (event != SUBXACT_EVENT_ABORT_SUB || session.stage == nullptr)
        return;
    if (session.in_transaction)
        close_failed(mine);
    if (failure_is_recorded)
        forget_caught();
    failure_is_recorded = false;
    record_caught(mine);
    if (!session.in_transaction)
        return;
    roll_back_subtransactions(mine);
    (void) tell_outcome(Outcome::rolled_back, mine, InvalidTransactionId);
}

void record_policy(const char *name, const char *value)
{
    if (!IsUnderPostmaster || !attach_session())
        return;
    watch_exit();
    begin_event(EventKind::policy, EventClass::policy, "SET");
    builder.head.outcome = Outcome::done;
    builder.field(Field::setting, name);
    builder.field(Field::message, value != nullptr ? value : "");
    append_event();
    // At once, and sealed: what follows may not be audited any more.
    session.is_urgent = session.in_transaction && IsTransactionState();
    if (session.is_urgent)
        return;
    flush_stage();
    pg_atomic_fetch_add_u64(&area.head->seal_asked, 1);
    wake_worker();
}

}  // namespace

void watch_exit()
{
    if (exit_is_watched)
        return;
    exit_is_watched = true;
    before_shmem_exit(leave, 0);
}

bool wait_for_worker(bool sealed, int milliseconds)
{
    const std::uint64_t wanted = pg_atomic_add_fetch_u64(&area.head->flush_asked, 1);
    if (sealed)
        pg_atomic_fetch_add_u64(&area.head->seal_asked, 1);
    for (int waited = 0; waited < milliseconds; waited += 10)
    {
        CHECK_FOR_INTERRUPTS();
        // What the worker of a server that is gone has not written, nobody will.
        if (!PostmasterIsAlive())
            proc_exit(1);
        wake_worker();
        if (pg_atomic_read_u64(&area.head->flush_done) >= wanted)
            return true;
        pg_usleep(2000);
        if (pg_atomic_read_u64(&area.head->flush_done) >= wanted)
            return true;
        pg_usleep(8000);
    }
    return false;
}

void install_session_hooks()
{
    next_authentication = ClientAuthentication_hook;
    ClientAuthentication_hook = authenticated;
    next_log = emit_log_hook;
    emit_log_hook = logged;
    RegisterXactCallback(transaction_ends, nullptr);
    RegisterSubXactCallback(subtransaction_ends, nullptr);
    policy_changed = record_policy;
}

}  // namespace quiver::audit
