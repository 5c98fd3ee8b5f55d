// The list of open statements, and the parts that all statement events share.
#include "audit/statement.hpp"

#include "audit/digest.hpp"
#include "audit/relations.hpp"
#include "audit/text_cache.hpp"

#include <cstdio>

namespace quiver::audit {

constinit bool failure_is_recorded = false;

namespace {

constexpr int first_room = 64;
constinit OpenStatement first_statements[first_room]{};
constinit OpenStatement *statements = first_statements;
constinit int room = first_room;
constinit int count = 0;  // closed ones in the middle keep their place until those above are closed
constinit int running = -1;
constinit std::uint32_t next_statement = 0;
constinit std::uint32_t next_substatement = 0;

bool grow()
{
    auto *bigger = static_cast<OpenStatement *>(MemoryContextAllocExtended(
        TopMemoryContext, sizeof(OpenStatement) * static_cast<Size>(2 * room), MCXT_ALLOC_NO_OOM));
    if (bigger == nullptr)
        return false;
    std::memcpy(bigger, statements, sizeof(OpenStatement) * static_cast<std::size_t>(count));
    if (statements != first_statements)
        pfree(statements);
    statements = bigger;
    room *= 2;
    return true;
}

std::uint64_t microseconds_since(const instr_time &begin)
{
    instr_time now;
    INSTR_TIME_SET_CURRENT(now);
    INSTR_TIME_SUBTRACT(now, begin);
    return INSTR_TIME_GET_MICROSEC(now);
}

// A statement that ends transactions on its way, as CALL may, ends in another one than it began in.
bool is_of_other_transaction(const EventHead &event)
{
    return event.transaction != 0 &&
           !(session.in_transaction && event.transaction == session.transaction);
}

// Completes the event where it lies; if it has left the stage or its transaction, a completion event follows it.
void complete(OpenStatement &statement, Outcome outcome, int sqlstate)
{
    const std::uint64_t duration = microseconds_since(statement.begin);
    const auto fill = [&](EventHead &head) {
        head.outcome = outcome;
        head.duration = duration;
        head.rows = statement.rows;
        write_unpacked_sqlstate(head, sqlstate);
    };
    lock_stage();
    EventHead *event = find_event(statement.place);
    if (event != nullptr && is_of_other_transaction(*event))
        event = nullptr;
    if (event != nullptr)
        fill(*event);
    unlock_stage();
    if (event != nullptr)
        return;
    builder.begin(EventKind::completion, statement.head.klass);
    builder.head = statement.head;
    builder.head.kind = EventKind::completion;
    fill(builder.head);
    append_event();
}

}  // namespace

void write_unpacked_sqlstate(EventHead &head, int sqlstate)
{
    for (int i = 0; i < 5 && sqlstate != 0; ++i)
    {
        head.sqlstate[i] = static_cast<char>(PGUNSIXBIT(sqlstate));
        sqlstate >>= 6;
        if (sqlstate == 0)
            for (int j = i + 1; j < 5; ++j)
                head.sqlstate[j] = '0';
    }
}

bool audit_is_active()
{
    if ((settings.classes == 0 && (settings.role == nullptr || settings.role[0] == '\0')) ||
        creating_extension)
        return false;
    if (session.stage != nullptr)
        return true;
    if (!attach_session())
        return false;
    watch_exit();
    return true;
}

int open_statement(const void *key)
{
    if (count == room && !grow())
        return -1;
    if (running < 0)
    {
        ++next_statement;
        next_substatement = 0;
    }
    OpenStatement &statement = statements[count];
    statement = {};
    statement.key = key;
    statement.statement = running < 0 ? next_statement : statements[running].statement;
    statement.substatement = running < 0 ? 0 : ++next_substatement;
    statement.subtransaction = GetCurrentSubTransactionId();
    statement.parent = running;
    INSTR_TIME_SET_CURRENT(statement.begin);
    return count++;
}

OpenStatement *statement_at(int position) { return &statements[position]; }

int find_statement(const void *key)
{
    for (int i = count - 1; i >= 0; --i)
        if (statements[i].key == key)
            return i;
    return -1;
}

int running_statement() { return running; }
void set_running_statement(int position) { running = position < count ? position : -1; }

void record_statement(int position)
{
    OpenStatement &statement = statements[position];
    builder.head.statement = statement.statement;
    builder.head.substatement = statement.substatement;
    builder.head.subtransaction = statement.subtransaction;
    statement.place = append_event();
    statement.head = builder.head;
    statement.is_recorded = true;
}

void close_statement(int position, Outcome outcome, int sqlstate)
{
    OpenStatement &statement = statements[position];
    if (statement.is_recorded)
        complete(statement, outcome, sqlstate);
    statement.key = nullptr;
    statement.is_recorded = false;
    while (count > 0 && statements[count - 1].key == nullptr)
        --count;
    if (running >= count)
        running = -1;
}

void close_failed(SubTransactionId first)
{
    // The newest that outlives the subtransaction is what runs now.
    while (running >= 0 && statements[running].subtransaction >= first)
        running = statements[running].parent;
    const int kept = running;
    for (int i = count - 1; i >= 0; --i)
        if (i < count && statements[i].key != nullptr && statements[i].subtransaction >= first)
            close_statement(i, Outcome::failed, 0);
    running = kept < count ? kept : -1;
}

void close_all(Outcome outcome)
{
    for (int i = count - 1; i >= 0; --i)
        if (i < count && statements[i].key != nullptr)
            close_statement(i, outcome, 0);
    count = 0;
    running = -1;
}

void begin_event(EventKind kind, EventClass klass, std::string_view command)
{
    builder.begin(kind, klass);
    builder.head.start = GetCurrentTimestamp();
    if (IsTransactionState())
    {
        Oid user;
        int security_context;
        GetUserIdAndSecContext(&user, &security_context);
        if (OidIsValid(user) && user != GetSessionUserId())
            builder.field(Field::current_user, role_name(user));
    }
    if (settings.context != nullptr && settings.context[0] != '\0')
        builder.field(Field::context, settings.context);
    builder.field(Field::command, command);
}

void begin_failure(std::string_view command, int sqlstate, SubTransactionId subtransaction)
{
    begin_event(EventKind::failure, EventClass::failed, command);
    builder.head.outcome = failure_outcome(sqlstate);
    builder.head.subtransaction = subtransaction;
    write_unpacked_sqlstate(builder.head, sqlstate);
}

const char *command_name(CmdType command)
{
    switch (command)
    {
    case CMD_SELECT:
        return "SELECT";
    case CMD_UPDATE:
        return "UPDATE";
    case CMD_INSERT:
        return "INSERT";
    case CMD_DELETE:
        return "DELETE";
    case CMD_MERGE:
        return "MERGE";
    default:
        return "UNKNOWN";
    }
}

std::string_view statement_text(const char *source, int location, int length)
{
    std::string_view text{source};
    if (location > 0)
        text = slice(text, static_cast<std::size_t>(location));
    if (length > 0)
        text = slice(text, 0, static_cast<std::size_t>(length));
    return text;
}

void add_normalized(std::string_view text, bool is_cut)
{
    if (text_mode() == TextMode::off)
        return;
    if (is_cut)
        builder.head.flags |= event_text_cut;
    std::size_t left;
    char *to = builder.open_field(left);
    if (text_mode() == TextMode::normalized)
    {
        const std::size_t size = text.size() < left ? text.size() : left;
        if (size > 0 && to != text.data())
            std::memcpy(to, text.data(), size);
        builder.close_field(Field::text, size);
        return;
    }
    constexpr std::size_t hash_size = 7 + 32;
    if (left < hash_size + 1)
        return;
    const Digest digest = Sha256{}.add(text.data(), text.size()).finish();
    std::memcpy(to, "sha256:", 7);
    for (std::size_t i = 0; i < 16; ++i)
        std::snprintf(to + 7 + 2 * i, 3, "%02x", digest[i]);
    builder.close_field(Field::text, hash_size);
}

void add_text(const char *source, int location, int length, bool is_setting)
{
    if (source == nullptr || text_mode() == TextMode::off)
        return;
    std::size_t left;
    char *to = builder.open_field(left);
    const NormalizedText text =
        normalize_known_text(statement_text(source, location, length),
                             is_setting ? TextCare::setting : TextCare::statement, to,
                             left < most_text ? left : most_text, is_keyword);
    add_normalized({to, text.size}, text.is_cut);
}

void admit_statement()
{
    const FullPolicy policy = full_policy();
    if ((policy != FullPolicy::block && policy != FullPolicy::error) ||
        ring_has_room(session.shard))
        return;
    if (policy == FullPolicy::error)
        ereport(
            ERROR, errcode(ERRCODE_INSUFFICIENT_RESOURCES),
            errmsg("the audit log cannot take this statement"),
            errdetail("The rings are full and quiver.audit_on_full is error."),
            errhint("Make room for the files in quiver.audit_directory, or see the server log."));
    while (!ring_has_room(session.shard))
    {
        wake_worker();
        (void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 20,
                         PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
    }
}

}  // namespace quiver::audit
