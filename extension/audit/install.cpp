// Setting the audit up when the library is preloaded: settings, shared file, worker, hooks.
#include "audit/audit.hpp"

#include "audit/labels.hpp"
#include "audit/parameters.hpp"
#include "audit/statement.hpp"
#include "audit/wal.hpp"
#include "audit/worker.hpp"

namespace quiver::audit {
namespace {

constinit shmem_startup_hook_type next_startup = nullptr;

void startup()
{
    if (next_startup != nullptr)
        next_startup();
    create_area();
}

}  // namespace

void install()
{
    define_context();
    if (!process_shared_preload_libraries_in_progress)
        return;
    define_settings();
    load_parameter_key();
    next_startup = shmem_startup_hook;
    shmem_startup_hook = startup;
    keep_wal_for_recovery();
    register_worker();
    register_labels();
    install_session_hooks();
    install_executor_hooks();
    install_planner_hook();
    install_utility_hooks();
    install_object_hooks();
}

}  // namespace quiver::audit
