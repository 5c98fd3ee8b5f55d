// The settings of the audit: quiver.audit and quiver.audit_*. Defined only when the library is preloaded.
#pragma once

#include "pg/hooks.hpp"

#include "audit/format.hpp"

namespace quiver::audit {

// Bits of the classes in quiver.audit, by EventClass.
using ClassMask = std::uint32_t;
constexpr ClassMask class_bit(EventClass klass) { return 1u << static_cast<unsigned>(klass); }

constexpr ClassMask label_bit = 1u << 31;  // relations whose label says so, and nothing else

enum class TextMode : int
{
    normalized,
    hash,
    off
};
enum class ParameterMode : int
{
    off,
    hash,
    encrypt
};
enum class Durable : int
{
    off,
    commit,  // in WAL before the commit record, and flushed with it
    on  // and flushed also where there is no commit record, as for what only reads
};
enum class FullPolicy : int
{
    keep_going,
    block,
    error,
    stop
};

struct Settings
{
    ClassMask classes;  // parsed from quiver.audit
    char *classes_text;
    char *role;
    char *exclude_roles;
    bool catalog;
    int text;
    int parameters;
    char *parameter_key;
    char *subject;  // whom the statements that follow are about
    char *subject_keys;  // a directory
    char *context;
    int durable;
    // Of the server.
    char *directory;
    int shards;
    int ring_kb;  // of one shard
    int on_full;
    bool lock;
    int sync_ms;
    int checkpoint_ms;
    int stage_ms;
    int segment_mb;
    int retain_days;
    int retain_mb;
    bool compress;
    bool json;
    bool log;
    char *key_file;
    char *anchor_directory;
    int anchor_s;
};

extern Settings settings;

// Settings that make a session's policy; counted up when one is assigned, so that what was derived from
// them is derived anew.
extern std::uint32_t policy_generation;

// quiver.audit_context and audit_subject, in every server: applications set them, and histories record the context where
// the audit is not loaded.
void define_context();
void define_settings();

// Called by assign hooks when a setting is changed by a session (hooks.cpp records it).
using PolicyHook = void (*)(const char *name, const char *value);
extern PolicyHook policy_changed;

inline bool wants(EventClass klass) { return (settings.classes & class_bit(klass)) != 0; }
inline TextMode text_mode() { return static_cast<TextMode>(settings.text); }
inline Durable durable() { return static_cast<Durable>(settings.durable); }
inline FullPolicy full_policy() { return static_cast<FullPolicy>(settings.on_full); }

}  // namespace quiver::audit
