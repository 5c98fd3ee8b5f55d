// Counts the instructions that a process executes in user mode, from one rest to the next: it is stepped through one by
// one, so that the count needs no performance counters, which virtual machines often lack, and is the same at any load.
//
// usage: instructions PID: begins while the process waits, and ends when it has moved and waits again for a second.
// Prints the count. Stepping is some thousand times slower than running.
#include <cerrno>
#include <cinttypes>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/wait.h>

namespace {

volatile std::sig_atomic_t alarms = 0;

void ring(int) { alarms = alarms + 1; }

// Alarms interrupt the wait for a process that waits itself.
void set_alarm()
{
    struct sigaction action
    {
    };
    action.sa_handler = ring;
    sigaction(SIGALRM, &action, nullptr);
    const itimerval every{{0, 200'000}, {0, 200'000}};
    setitimer(ITIMER_REAL, &every, nullptr);
}

[[noreturn]] void fail(const char *what)
{
    std::perror(what);
    std::exit(2);
}

// Waits for the process to stop; false if that took `most` alarms.
bool stopped(pid_t process, int &status, int most)
{
    const int before = alarms;
    while (waitpid(process, &status, __WALL) < 0)
    {
        if (errno != EINTR)
            fail("waitpid");
        if (alarms - before >= most)
            return false;
    }
    return true;
}

bool step(pid_t process, int signal)
{
    return ptrace(static_cast<__ptrace_request>(PTRACE_SINGLESTEP), process, nullptr,
                  reinterpret_cast<void *>(static_cast<std::intptr_t>(signal))) == 0;
}

// A step that was asked for ends in a trap when the wait does, and would kill who is not traced any more: the process runs
// freely until that was taken.
void let_go(pid_t process)
{
    int status = 0;
    (void) ptrace(PTRACE_INTERRUPT, process, nullptr, nullptr);
    if (!stopped(process, status, 100))
        return;
    do
        (void) ptrace(PTRACE_CONT, process, nullptr, nullptr);
    while (stopped(process, status, 3));
    (void) ptrace(PTRACE_INTERRUPT, process, nullptr, nullptr);
    if (stopped(process, status, 100))
        (void) ptrace(PTRACE_DETACH, process, nullptr, nullptr);
}

}  // namespace

int main(int count, char **arguments)
{
    const pid_t process = count == 2 ? std::atoi(arguments[1]) : 0;
    if (process <= 0)
    {
        std::fputs("usage: instructions PID\n", stderr);
        return 2;
    }
    set_alarm();
    int status = 0;
    if (ptrace(PTRACE_SEIZE, process, nullptr, nullptr) != 0 ||
        ptrace(PTRACE_INTERRUPT, process, nullptr, nullptr) != 0 ||
        !stopped(process, status, 100) || !step(process, 0))
        fail("ptrace");
    // The interrupted wait is begun again: the first steps are not what is asked for.
    constexpr std::uint64_t few = 3000;
    constexpr int rest = 5;
    std::uint64_t steps = 0;
    std::uint64_t still_since = 0;
    int still = 0;
    while (true)
    {
        if (!stopped(process, status, 1))
        {
            still = steps == still_since ? still + 1 : 0;
            still_since = steps;
            if (steps > few && still >= rest)
                break;
            continue;
        }
        if (WIFEXITED(status) || WIFSIGNALED(status))
        {
            std::fputs("the process has ended\n", stderr);
            return 2;
        }
        // Signals are given on; a stop by the step itself is no signal.
        const int signal = WSTOPSIG(status);
        ++steps;
        if (!step(process, signal == SIGTRAP ? 0 : signal))
            fail("step");
    }
    let_go(process);
    std::printf("%" PRIu64 "\n", steps);
    return 0;
}
