// Memory, errors, message buffers and detoasting for the fuzzers: see server_shim.hpp.
//
// The rest of the server is left undefined at the link. The functions under test do not reach it;
// if one ever does, it calls address zero and that is a finding.
#include "server_shim.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace quiver::fuzz {

sigjmp_buf on_error;
int raised_sqlstate;

namespace {

// Sources of input and output functions allocate a handful of times; a list is enough.
std::vector<void *> allocated;
int level;

// Format as the server would, so that a bad %s argument is seen.
int format_message(const char *format, va_list arguments)
{
    char text[1024];
    FUZZ_CHECK(vsnprintf(text, sizeof text, format, arguments) > 0);
    return 0;
}

void *remember(void *memory)
{
    if (memory == nullptr)
        std::abort();
    allocated.push_back(memory);
    return memory;
}

void forget(void *memory)
{
    const auto found = std::find(allocated.rbegin(), allocated.rend(), memory);
    FUZZ_CHECK(found != allocated.rend() && "pfree and repalloc get what palloc returned");
    *found = allocated.back();
    allocated.pop_back();
}

}  // namespace

void free_all()
{
    for (void *memory : allocated)
        std::free(memory);
    allocated.clear();
}

void report_finding(const char *promise, const char *file, int line)
{
    std::fprintf(stderr, "%s:%d: broken: %s\n", file, line, promise);
    std::abort();
}

}  // namespace quiver::fuzz

using namespace quiver::fuzz;

extern "C" {

// Memory. Not initialised, like the server's; the sanitizer fills it with its own pattern.

void *palloc(Size size)
{
    if (!AllocSizeIsValid(size))
        ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("invalid memory alloc request"));
    return remember(std::malloc(std::max<Size>(size, 1)));
}

void *palloc0(Size size) { return std::memset(palloc(size), 0, size); }

void *repalloc(void *memory, Size size)
{
    if (!AllocSizeIsValid(size))
        ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("invalid memory alloc request"));
    forget(memory);
    return remember(std::realloc(memory, std::max<Size>(size, 1)));
}

void pfree(void *memory)
{
    forget(memory);
    std::free(memory);
}

char *pnstrdup(const char *text, Size size)
{
    const Size length = strnlen(text, size);
    auto *copy = static_cast<char *>(palloc(length + 1));
    std::memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

// Errors. The hard and the soft kind (16 and later) both end the attempt.

bool errstart(int elevel, const char *)
{
    level = elevel;
    // What ereport() without errcode() would give.
    raised_sqlstate = ERRCODE_INTERNAL_ERROR;
    return true;
}

bool errstart_cold(int elevel, const char *domain) { return errstart(elevel, domain); }

int errcode(int sqlstate)
{
    raised_sqlstate = sqlstate;
    return 0;
}

int errmsg(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int result = format_message(format, arguments);
    va_end(arguments);
    return result;
}

int errdetail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int result = format_message(format, arguments);
    va_end(arguments);
    return result;
}

int errhint(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int result = format_message(format, arguments);
    va_end(arguments);
    return result;
}

void errfinish(const char *, int, const char *)
{
    FUZZ_CHECK(level == ERROR);
    siglongjmp(on_error, 1);
}

// Soft errors, which servers from 16 on have: without an ErrorSaveContext they are hard ones.

bool errsave_start(struct Node *context, const char *domain)
{
    FUZZ_CHECK(context == nullptr);
    return errstart(ERROR, domain);
}

void errsave_finish(struct Node *, const char *file, int line, const char *function)
{
    errfinish(file, line, function);
}

// Messages: src/backend/libpq/pqformat.c says what these promise.

void enlargeStringInfo(StringInfo buffer, int needed)
{
    const int least = buffer->len + needed + 1;
    if (least <= buffer->maxlen)
        return;
    buffer->maxlen = std::max(2 * buffer->maxlen, least);
    buffer->data = static_cast<char *>(repalloc(buffer->data, static_cast<Size>(buffer->maxlen)));
}

void pq_begintypsend(StringInfo buffer)
{
    buffer->maxlen = 64;
    buffer->data = static_cast<char *>(palloc(64));
    buffer->cursor = 0;
    buffer->len = VARHDRSZ;
    std::memset(buffer->data, 0, VARHDRSZ + 1);
}

bytea *pq_endtypsend(StringInfo buffer)
{
    auto *result = reinterpret_cast<bytea *>(buffer->data);
    SET_VARSIZE(result, buffer->len);
    return result;
}

void pq_sendfloat4(StringInfo buffer, float4 value)
{
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    pq_sendint32(buffer, bits);
}

const char *pq_getmsgbytes(StringInfo message, int size)
{
    if (size < 0 || size > message->len - message->cursor)
        ereport(ERROR, errcode(ERRCODE_PROTOCOL_VIOLATION),
                errmsg("insufficient data left in message"));
    const char *bytes = message->data + message->cursor;
    message->cursor += size;
    return bytes;
}

unsigned int pq_getmsgint(StringInfo message, int size)
{
    FUZZ_CHECK(size == 1 || size == 2 || size == 4);
    const char *bytes = pq_getmsgbytes(message, size);
    unsigned int value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

float4 pq_getmsgfloat4(StringInfo message)
{
    const std::uint32_t bits = pq_getmsgint(message, 4);
    float4 value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// Values here are always plain.

varlena *pg_detoast_datum(varlena *value)
{
    FUZZ_CHECK(!VARATT_IS_EXTENDED(value));
    return value;
}

varlena *detoast_attr(varlena *)
{
    report_finding("no value is compressed or out of line", __FILE__, __LINE__);
}
}
