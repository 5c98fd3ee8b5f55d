// Hashing and sealing bound parameters.
#include "audit/parameters.hpp"

#include "audit/digest.hpp"
#include "audit/envelope.hpp"
#include "audit/stage.hpp"

#include <cstdio>

namespace quiver::audit {
namespace {

constexpr int most_parameters = 64;
constexpr std::size_t most_plain = 4096;
constexpr std::size_t value_head = 5;

constinit ExchangeKey recipient{};
constinit bool recipient_is_loaded = false;
constinit Sealer sealer;
// For one subject at a time: whose it is.
constinit Sealer subject_sealer;
constinit char sealed_subject[NAMEDATALEN + 1]{};

// A parameter's text in the current context, or nullptr for NULL.
char *parameter_text(ParamListInfo parameters, int index)
{
    ParamExternData scratch;
    const ParamExternData *parameter =
        parameters->paramFetch != nullptr
            ? parameters->paramFetch(parameters, index + 1, true, &scratch)
            : &parameters->params[index];
    if (parameter == nullptr || parameter->isnull || !OidIsValid(parameter->ptype))
        return nullptr;
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(parameter->ptype, &output, &is_varlena);
    return OidOutputFunctionCall(output, parameter->value);
}

void add_hashes(ParamListInfo parameters)
{
    std::size_t left;
    char *to = builder.open_field(left);
    std::size_t used = 0;
    for (int i = 0; i < parameters->numParams && i < most_parameters && used + 20 < left; ++i)
    {
        char *value = parameter_text(parameters, i);
        if (i > 0)
            to[used++] = ' ';
        if (value == nullptr)
        {
            std::memcpy(to + used, "null", 4);
            used += 4;
            continue;
        }
        // Keyed twice around, so that a guess cannot be tried without the log's key.
        const Digest digest = Sha256{}
                                  .add(area.head->parameter_key, 32)
                                  .add(value, std::strlen(value))
                                  .add(area.head->parameter_key, 32)
                                  .finish();
        pfree(value);
        for (std::size_t byte = 0; byte < 8; ++byte)
        {
            to[used + 2 * byte] = "0123456789abcdef"[digest[byte] >> 4];
            to[used + 2 * byte + 1] = "0123456789abcdef"[digest[byte] & 15];
        }
        used += 16;
    }
    builder.close_field(Field::parameters, used);
}

std::size_t put_value(std::uint8_t *to, SealedValue kind, std::string_view value)
{
    const auto size = static_cast<std::uint32_t>(value.size());
    to[0] = static_cast<std::uint8_t>(kind);
    std::memcpy(to + 1, &size, sizeof size);
    std::memcpy(to + value_head, value.data(), value.size());
    return value_head + value.size();
}

// A long value has its share of the room, and what those before it have left of theirs.
std::size_t write_plain(ParamListInfo parameters, std::uint8_t *plain)
{
    const int count =
        parameters->numParams < most_parameters ? parameters->numParams : most_parameters;
    std::size_t used = 0;
    for (int i = 0; i < count; ++i)
    {
        char *value = parameter_text(parameters, i);
        if (value == nullptr)
        {
            used += put_value(plain + used, SealedValue::null, {});
            continue;
        }
        const std::size_t room =
            (most_plain - used) / static_cast<std::size_t>(count - i) - value_head;
        const std::size_t size = std::strlen(value);
        const std::size_t kept =
            size <= room ? size
                         : static_cast<std::size_t>(
                               pg_mbcliplen(value, static_cast<int>(size), static_cast<int>(room)));
        used += put_value(plain + used, kept == size ? SealedValue::text : SealedValue::cut,
                          {value, kept});
        explicit_bzero(value, size);
        pfree(value);
    }
    if (parameters->numParams > count)
        used += put_value(plain + used, SealedValue::left_out, {});
    return used;
}

bool has_text(const char *setting) { return setting != nullptr && setting[0] != '\0'; }

// What seals now: to the subject's own key where one is named, else to the server's. nullptr if the key cannot be used.
Sealer *current_sealer()
{
    if (!has_text(settings.subject) || !has_text(settings.subject_keys))
        return sealer.is_ready() || sealer.begin(recipient) ? &sealer : nullptr;
    if (subject_sealer.is_ready() && std::strcmp(sealed_subject, settings.subject) == 0)
        return &subject_sealer;
    char path[MAXPGPATH];
    ExchangeKey key;
    subject_sealer.end();
    snprintf(path, sizeof path, "%s/%s.pem", settings.subject_keys, settings.subject);
    strlcpy(sealed_subject, settings.subject, sizeof sealed_subject);
    const bool ready = load_recipient(path, key) == KeyFile::good && subject_sealer.begin(key);
    return ready ? &subject_sealer : nullptr;
}

bool add_sealed(ParamListInfo parameters)
{
    static constinit std::uint8_t plain[most_plain + value_head]{};
    const std::size_t size = write_plain(parameters, plain);
    std::size_t left;
    char *to = builder.open_field(left);
    Sealer *current = size + seal_overhead <= left ? current_sealer() : nullptr;
    const bool sealed = current != nullptr && current->seal(session.id, {plain, size},
                                                            reinterpret_cast<std::uint8_t *>(to));
    explicit_bzero(plain, size);
    if (sealed)
        builder.close_field(Field::sealed, size + seal_overhead);
    return sealed;
}

const char *complaint(KeyFile verdict)
{
    switch (verdict)
    {
    case KeyFile::missing:
        return "The file cannot be read.";
    case KeyFile::other_kind:
        return "The key is not an X25519 key.";
    case KeyFile::is_private:
        return "The file has a private key, which must not be on this server.";
    default:
        return "The file has no public key in PEM.";
    }
}

}  // namespace

bool has_parameter_key() { return recipient_is_loaded; }

void load_parameter_key()
{
    constexpr char hint[] =
        "On another machine: openssl genpkey -algorithm x25519 -out private.pem; openssl pkey -in "
        "private.pem -pubout -out public.pem. The server gets public.pem alone.";
    const char *path = settings.parameter_key;
    if (path != nullptr && path[0] != '\0')
    {
        const KeyFile verdict = load_recipient(path, recipient);
        if (verdict != KeyFile::good)
            ereport(FATAL, errcode(ERRCODE_CONFIG_FILE_ERROR),
                    errmsg("could not use quiver.audit_parameter_key \"%s\"", path),
                    errdetail("%s", complaint(verdict)), errhint("%s", hint));
        recipient_is_loaded = true;
    }
    else if (settings.parameters == static_cast<int>(ParameterMode::encrypt))
        ereport(FATAL, errcode(ERRCODE_CONFIG_FILE_ERROR),
                errmsg("quiver.audit_parameters is encrypt, but quiver.audit_parameter_key is not "
                       "set"),
                errhint("%s", hint));
}

void add_parameters(ParamListInfo parameters)
{
    const auto mode = static_cast<ParameterMode>(settings.parameters);
    if (mode == ParameterMode::off || parameters == nullptr || parameters->numParams == 0)
        return;
    const std::size_t before = builder.mark();
    bool done = true;
    const bool quiet = pg::quietly([&] {
        if (mode == ParameterMode::encrypt)
            done = add_sealed(parameters);
        else
            add_hashes(parameters);
    });
    if (quiet && done)
        return;
    // The event is worth more than its parameters.
    builder.cut(before);
    builder.field(Field::parameters, "not kept");
}

}  // namespace quiver::audit
