// Defining and parsing the settings.
#include "audit/settings.hpp"

#include "audit/parameters.hpp"

#include <cctype>
#include <cstring>
#include <string_view>

namespace quiver::audit {

constinit Settings settings{};
constinit std::uint32_t policy_generation = 1;
constinit PolicyHook policy_changed = nullptr;

namespace {

constexpr EventClass all_classes[] = {EventClass::read,     EventClass::write, EventClass::function,
                                      EventClass::role,     EventClass::ddl,   EventClass::misc,
                                      EventClass::misc_set, EventClass::login, EventClass::failed};

const config_enum_entry text_options[] = {
    {"normalized", static_cast<int>(TextMode::normalized), false},
    {"hash", static_cast<int>(TextMode::hash), false},
    {"off", static_cast<int>(TextMode::off), false},
    {nullptr, 0, false}};
const config_enum_entry parameter_options[] = {
    {"off", static_cast<int>(ParameterMode::off), false},
    {"hash", static_cast<int>(ParameterMode::hash), false},
    {"encrypt", static_cast<int>(ParameterMode::encrypt), false},
    {nullptr, 0, false}};
const config_enum_entry durable_options[] = {{"off", static_cast<int>(Durable::off), false},
                                             {"commit", static_cast<int>(Durable::commit), false},
                                             {"on", static_cast<int>(Durable::on), false},
                                             {"false", static_cast<int>(Durable::off), true},
                                             {"no", static_cast<int>(Durable::off), true},
                                             {"0", static_cast<int>(Durable::off), true},
                                             {"true", static_cast<int>(Durable::on), true},
                                             {"yes", static_cast<int>(Durable::on), true},
                                             {"1", static_cast<int>(Durable::on), true},
                                             {nullptr, 0, false}};
const config_enum_entry full_options[] = {
    {"continue", static_cast<int>(FullPolicy::keep_going), false},
    {"block", static_cast<int>(FullPolicy::block), false},
    {"error", static_cast<int>(FullPolicy::error), false},
    {"stop", static_cast<int>(FullPolicy::stop), false},
    {nullptr, 0, false}};

// What a check hook found out, for the assign hook.
struct Extra
{
    ClassMask classes;
    bool by_session;  // and not by the configuration files or the server's start
};

bool parse_classes(const char *text, ClassMask &mask)
{
    mask = 0;
    std::string_view rest{text};
    while (true)
    {
        const std::size_t comma = rest.find(',');
        std::string_view word = slice(rest, 0, comma);
        while (!word.empty() && (word.front() == ' ' || word.front() == '\t'))
            word.remove_prefix(1);
        while (!word.empty() && (word.back() == ' ' || word.back() == '\t'))
            word.remove_suffix(1);
        const bool remove = !word.empty() && word.front() == '-';
        if (remove)
            word.remove_prefix(1);
        ClassMask bits = 0;
        if (word.size() == 3 && pg_strncasecmp(word.data(), "all", 3) == 0)
            for (const EventClass klass : all_classes)
                bits |= class_bit(klass);
        for (const EventClass klass : all_classes)
            if (word.size() == std::strlen(class_name(klass)) &&
                pg_strncasecmp(word.data(), class_name(klass), word.size()) == 0)
                bits = class_bit(klass);
        // Nothing but what a label or a grant says.
        if (word.size() == 5 && pg_strncasecmp(word.data(), "label", 5) == 0)
            bits = label_bit;
        // As in pgaudit, misc has SET in it.
        if (bits == class_bit(EventClass::misc))
            bits |= class_bit(EventClass::misc_set);
        const bool is_none =
            word.empty() || (word.size() == 4 && pg_strncasecmp(word.data(), "none", 4) == 0);
        if (bits == 0 && !is_none)
        {
            GUC_check_errdetail("There is no audit class \"%.*s\".", static_cast<int>(word.size()),
                                word.data());
            GUC_check_errhint("Classes are read, write, function, role, ddl, misc, misc_set, "
                              "login, failed, label, all and none; -class takes one away.");
            return false;
        }
        mask = remove ? mask & ~bits : mask | bits;
        if (comma == std::string_view::npos)
            return true;
        rest.remove_prefix(comma + 1);
    }
}

bool is_by_session(GucSource source) { return source >= PGC_S_GLOBAL; }

// With quiver.audit_lock, only the files and the command line may say.
bool may_set(GucSource source)
{
    if (!settings.lock || !is_by_session(source))
        return true;
    GUC_check_errcode(ERRCODE_CANT_CHANGE_RUNTIME_PARAM);
    GUC_check_errdetail(
        "quiver.audit_lock is on, so the audit is set in the configuration file only.");
    return false;
}

bool keep_extra(void **extra, GucSource source, ClassMask classes)
{
    auto *kept = static_cast<Extra *>(pg::guc_extra(sizeof(Extra)));
    if (kept == nullptr)
        return false;
    *kept = {classes, is_by_session(source)};
    *extra = kept;
    return true;
}

bool check_classes(char **value, void **extra, GucSource source)
{
    ClassMask mask;
    return may_set(source) && parse_classes(*value, mask) && keep_extra(extra, source, mask);
}

bool check_text(char **, void **extra, GucSource source)
{
    return may_set(source) && keep_extra(extra, source, 0);
}
bool check_bool(bool *, void **extra, GucSource source)
{
    return may_set(source) && keep_extra(extra, source, 0);
}
bool check_enum(int *, void **extra, GucSource source)
{
    return may_set(source) && keep_extra(extra, source, 0);
}

// While the server starts, load_parameter_key() judges.
bool check_parameters(int *value, void **extra, GucSource source)
{
    if (*value == static_cast<int>(ParameterMode::encrypt) && !has_parameter_key() &&
        !process_shared_preload_libraries_in_progress)
    {
        GUC_check_errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE);
        GUC_check_errdetail("There is no key to encrypt parameters to.");
        GUC_check_errhint("Set quiver.audit_parameter_key in the configuration file and restart "
                          "the server.");
        return false;
    }
    return may_set(source) && keep_extra(extra, source, 0);
}

// It is a file's name.
bool check_subject(char **value, void **, GucSource)
{
    const std::string_view subject{*value};
    bool is_name = subject.size() <= 64 && (subject.empty() || subject.front() != '.');
    for (const char c : subject)
        is_name = is_name && (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
                              c == '-' || c == '.');
    if (is_name)
        return true;
    GUC_check_errdetail(
        "quiver.audit_subject has at most 64 letters, digits, and \"_-.\", and does "
        "not begin with a dot.");
    return false;
}

bool check_context(char **value, void **, GucSource)
{
    if (std::strlen(*value) <= 256)
        return true;
    GUC_check_errdetail("quiver.audit_context has at most 256 bytes.");
    return false;
}

void changed(const char *name, const char *value, void *extra)
{
    ++policy_generation;
    const auto *kept = static_cast<const Extra *>(extra);
    if (policy_changed != nullptr && kept != nullptr && kept->by_session)
        policy_changed(name, value);
}

void assign_classes(const char *value, void *extra)
{
    const auto *kept = static_cast<const Extra *>(extra);
    settings.classes = kept != nullptr ? kept->classes : 0;
    changed("quiver.audit", value, extra);
}
void assign_role(const char *value, void *extra) { changed("quiver.audit_role", value, extra); }
void assign_exclude(const char *value, void *extra)
{
    changed("quiver.audit_exclude_roles", value, extra);
}
void assign_catalog(bool value, void *extra)
{
    changed("quiver.audit_catalog", value ? "on" : "off", extra);
}
void assign_durable(int value, void *extra)
{
    changed("quiver.audit_durable", durable_options[value].name, extra);
}
void assign_text(int value, void *extra)
{
    changed("quiver.audit_text", text_options[value].name, extra);
}
void assign_parameters(int value, void *extra)
{
    changed("quiver.audit_parameters", parameter_options[value].name, extra);
}

void define_policy()
{
    DefineCustomStringVariable(
        "quiver.audit", "Classes of statements that are audited.",
        "read, write, function, role, ddl, misc, misc_set, login, failed, label, "
        "all, none; -class takes one away.",
        &settings.classes_text, "none", PGC_SUSET, GUC_LIST_INPUT, check_classes, assign_classes,
        nullptr);
    DefineCustomStringVariable(
        "quiver.audit_role", "Role whose grants say which relations are audited in any case.",
        nullptr, &settings.role, "", PGC_SUSET, 0, check_text, assign_role, nullptr);
    DefineCustomStringVariable("quiver.audit_exclude_roles",
                               "Session users whose statements are not audited.", nullptr,
                               &settings.exclude_roles, "", PGC_SUSET, GUC_LIST_INPUT, check_text,
                               assign_exclude, nullptr);
    DefineCustomBoolVariable(
        "quiver.audit_catalog", "Audit statements that touch system catalogs alone.", nullptr,
        &settings.catalog, true, PGC_SUSET, 0, check_bool, assign_catalog, nullptr);
    DefineCustomEnumVariable("quiver.audit_text", "What is kept of a statement's text.",
                             "normalized replaces every literal; hash keeps the hash of that.",
                             &settings.text, static_cast<int>(TextMode::normalized), text_options,
                             PGC_SUSET, 0, check_enum, assign_text, nullptr);
    DefineCustomEnumVariable(
        "quiver.audit_parameters", "What is kept of bound parameters.",
        "hash keeps a keyed hash of each; encrypt keeps them for quiver.audit_parameter_key.",
        &settings.parameters, static_cast<int>(ParameterMode::off), parameter_options, PGC_SUSET, 0,
        check_parameters, assign_parameters, nullptr);
    DefineCustomEnumVariable(
        "quiver.audit_durable", "Write events to WAL before their transaction's commit.",
        "commit flushes them with the commit record; on also those of what only reads.",
        &settings.durable, static_cast<int>(Durable::off), durable_options, PGC_SUSET, 0,
        check_enum, assign_durable, nullptr);
}

void define_memory()
{
    DefineCustomStringVariable(
        "quiver.audit_directory", "Where the audit log is, below the data directory or absolute.",
        nullptr, &settings.directory, "quiver_audit", PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("quiver.audit_lock",
                             "Take the audit's settings from the configuration file only.", nullptr,
                             &settings.lock, false, PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("quiver.audit_shards", "Rings and chains of the audit log.", nullptr,
                            &settings.shards, 4, 1, static_cast<int>(max_shards), PGC_POSTMASTER, 0,
                            nullptr, nullptr, nullptr);
    DefineCustomIntVariable("quiver.audit_ring_size", "Memory of each ring.", nullptr,
                            &settings.ring_kb, 8192, 256, 1024 * 1024, PGC_POSTMASTER, GUC_UNIT_KB,
                            nullptr, nullptr, nullptr);
    DefineCustomEnumVariable("quiver.audit_on_full", "What happens when the rings are full.",
                             nullptr, &settings.on_full, static_cast<int>(FullPolicy::keep_going),
                             full_options, PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
}

void define_worker()
{
    const auto number = [](const char *name, const char *what, int *value, int preset, int least,
                           int most, int unit) {
        DefineCustomIntVariable(name, what, nullptr, value, preset, least, most, PGC_SIGHUP, unit,
                                nullptr, nullptr, nullptr);
    };
    number("quiver.audit_sync", "Longest time between two fsyncs of the log.", &settings.sync_ms,
           200, 1, 60'000, GUC_UNIT_MS);
    number("quiver.audit_checkpoint", "Time between two signed checkpoints.",
           &settings.checkpoint_ms, 1000, 10, 3'600'000, GUC_UNIT_MS);
    number("quiver.audit_stage", "Longest time an event waits for the end of its transaction.",
           &settings.stage_ms, 1000, 10, 3'600'000, GUC_UNIT_MS);
    number("quiver.audit_segment_size", "Size at which a segment is closed.", &settings.segment_mb,
           64, 1, 4096, GUC_UNIT_MB);
    number("quiver.audit_retain_days", "Days that closed segments are kept; 0 keeps them.",
           &settings.retain_days, 0, 0, 36'500, 0);
    number("quiver.audit_retain_size", "Size that closed segments may have together; 0 is any.",
           &settings.retain_mb, 0, 0, 1024 * 1024 * 1024, GUC_UNIT_MB);
    number("quiver.audit_anchor_interval", "Time between two anchors.", &settings.anchor_s, 60, 1,
           86'400, GUC_UNIT_S);
    const auto flag = [](const char *name, const char *what, bool *value) {
        DefineCustomBoolVariable(name, what, nullptr, value, false, PGC_SIGHUP, 0, nullptr, nullptr,
                                 nullptr);
    };
    flag("quiver.audit_compress", "Compress closed segments.", &settings.compress);
    flag("quiver.audit_json", "Write events as JSON lines too.", &settings.json);
    flag("quiver.audit_log", "Write events to the server log too.", &settings.log);
    DefineCustomStringVariable("quiver.audit_key_file",
                               "Ed25519 key that signs checkpoints; made if it is not there.",
                               "Relative to the audit directory.", &settings.key_file, "sign.key",
                               PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "quiver.audit_parameter_key",
        "X25519 public key in PEM that quiver.audit_parameters = encrypt encrypts to.",
        "Absolute or below the data directory.", &settings.parameter_key, "", PGC_POSTMASTER, 0,
        nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "quiver.audit_subject_keys",
        "Directory of X25519 public keys, SUBJECT.pem for each quiver.audit_subject.",
        "Parameters that are about a subject are encrypted to its key alone.",
        &settings.subject_keys, "", PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("quiver.audit_anchor_directory",
                               "Where checkpoints are copied to: another machine's storage.",
                               nullptr, &settings.anchor_directory, "", PGC_SIGHUP, 0, nullptr,
                               nullptr, nullptr);
}

}  // namespace

void define_context()
{
    DefineCustomStringVariable(
        "quiver.audit_context", "What the application wants recorded: user, request.", nullptr,
        &settings.context, "", PGC_USERSET, 0, check_context, nullptr, nullptr);
    DefineCustomStringVariable(
        "quiver.audit_subject", "Whom the parameters of the statements that follow are about.",
        "Where quiver.audit_subject_keys is set they are encrypted to that subject's key.",
        &settings.subject, "", PGC_USERSET, 0, check_subject, nullptr, nullptr);
}

void define_settings()
{
    define_policy();
    define_memory();
    define_worker();
}

}  // namespace quiver::audit
