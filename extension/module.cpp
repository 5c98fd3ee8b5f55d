// Module magic, _PG_init and the GUC table. Wires the layers together; holds no logic of its own.
#include "pg/compat.hpp"
#include "pg/function.hpp"

#include "audit/audit.hpp"
#include "exact/exact.hpp"
#include "features/asof.hpp"
#include "history/history.hpp"
#include "hnsw/hnsw.hpp"
#include "kernels/distance.hpp"
#include "types/distance_estimate.hpp"

using quiver::kernels::Level;

extern "C" {
QUIVER_MODULE_MAGIC(QUIVER_VERSION);
PGDLLEXPORT void _PG_init(void);
}

namespace {

constexpr int simd_auto = -1;

int simd_setting = simd_auto;

const config_enum_entry simd_options[] = {
    {"auto", simd_auto, false},
    {"scalar", static_cast<int>(Level::scalar), false},
    {"avx2", static_cast<int>(Level::avx2), false},
    {"avx512", static_cast<int>(Level::avx512), false},
    {"neon", static_cast<int>(Level::neon), false},
    {nullptr, 0, false},
};

Level wanted_level(int setting)
{
    return setting == simd_auto ? quiver::kernels::best_level() : static_cast<Level>(setting);
}

bool check_simd(int *setting, void **, GucSource)
{
    if (quiver::kernels::kernels_for(wanted_level(*setting)) != nullptr)
        return true;
    GUC_check_errdetail("This processor does not run the \"%s\" kernels.",
                        quiver::kernels::level_name(wanted_level(*setting)));
    GUC_check_errhint("Set quiver.simd to \"auto\" or \"scalar\".");
    return false;
}

void assign_simd(int setting, void *) { (void) quiver::kernels::select(wanted_level(setting)); }

}  // namespace

extern "C" void _PG_init(void)
{
    DefineCustomEnumVariable(
        "quiver.simd", "Instruction set level of the distance kernels.",
        "\"auto\" takes the fastest that the processor runs; a lower level is for tests.",
        &simd_setting, simd_auto, simd_options, PGC_USERSET, 0, check_simd, assign_simd, nullptr);
    quiver::types::install_distance_estimates();
    quiver::exact::install();
    quiver::features::install_asof_join();
    quiver::audit::install();
    quiver::history::install();
    quiver::hnsw::install();
    MarkGUCPrefixReserved("quiver");
}

QUIVER_FUNCTION(quiver_version) { PG_RETURN_TEXT_P(cstring_to_text(QUIVER_VERSION)); }

QUIVER_FUNCTION(quiver_simd_level)
{
    PG_RETURN_TEXT_P(cstring_to_text(quiver::kernels::level_name(quiver::kernels::active->level)));
}
