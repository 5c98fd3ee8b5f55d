// The few services of the server that input and output functions use, so that the extension's own
// sources run inside a fuzzer without a server.
//
// Every palloc is a malloc, so that AddressSanitizer sees each byte too many; what is left when an
// input is done is freed. An error is a longjmp to attempt(), as it is in the server.
#pragma once

#include "pg/compat.hpp"

#include <csetjmp>
#include <cstddef>

namespace quiver::fuzz {

// What attempt() jumps back to, and the SQLSTATE that was raised.
extern sigjmp_buf on_error;
extern int raised_sqlstate;

// Run `work`; false if it raised an error. `work` holds nothing with a destructor.
template <class Work> [[nodiscard]] bool attempt(Work work)
{
    raised_sqlstate = 0;
    if (sigsetjmp(on_error, 0) != 0)
        return false;
    work();
    return true;
}

// Free everything palloc gave out.
void free_all();

// A broken promise: say which, and end the process as a finding.
[[noreturn]] void report_finding(const char *promise, const char *file, int line);

}  // namespace quiver::fuzz

#define FUZZ_CHECK(promise) \
    ((promise) ? (void) 0 : quiver::fuzz::report_finding(#promise, __FILE__, __LINE__))
