# The targets a person runs that are not part of the build itself. Each is one script.
.PHONY: help deps demo
.PHONY: check matrix lint format dist deb check-deb
.PHONY: bench bench-sql bench-planner
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile tests/targets.mk extension/alias/install.mk extension/audit/verifier/build.mk sql/moving/install.mk | sort | awk -F':.*## ' '{printf "  make %-22s %s\n", $$1, $$2}'

deps: ## install with apt what building and testing needs
	@sh tests/tools/deps.sh check

ifneq ($(have_pgxs),yes)
check: ## install what is missing, build, run every suite; the last line is the total
	@bash tests/tools/check.sh
endif

matrix: ## make check on PostgreSQL 17 and 18, in roots of Debian 13 and testing (needs root)
	@bash tests/tools/matrix.sh

.PHONY: check-ops
check-ops: ## the whole of tests/ops: faults, restores, hardening on real hosts (needs root)
	@bash tests/ops/run.sh static full one witness major_upgrade $(ARGS)

.PHONY: check-ops-faults
check-ops-faults: ## 20 faults at random on real hosts: never two leaders, nothing lost (needs root)
	@bash tests/ops/run.sh faults $(ARGS)

demo: ## install what is missing, build, and walk through the main job on real data
	@bash docs/demo/run.sh

bench: bench-sql bench-planner bench-kernels bench-text bench-hnsw ## every benchmark
bench-sql: ## time exact search and text against pgvector (bench/sql/run.sh says how)
	@bash bench/sql/run.sh
bench-planner: ## measure distance calls beside what the planner believes they cost
	@bash bench/planner/run.sh
.PHONY: bench-plans
bench-plans: ## measure when an hnsw index beats a sort, beside what the planner takes (WRITE=1 keeps the table)
	@bash bench/planner/choices.sh

.PHONY: fuzz
fuzz: ## fuzz every input function, ten minutes each (docs/fuzzing.md)
	@bash tests/fuzz/fuzz.sh

.PHONY: unit unit-arm64 bench-kernels
unit: ## unit tests under ASan and UBSan (CXX=clang++ for clang)
	@tests/unit/run.sh
unit-arm64: ## the same tests cross-compiled, under qemu-aarch64
	@tests/unit/run.sh arm64
bench-kernels: ## the kernels against plain C loops (ARGS=--write keeps the table)
	@bench/kernels/run.sh $(ARGS)

.PHONY: bench-audit
bench: bench-audit
bench-audit: ## what the audit costs beside pgaudit (ARGS=--write keeps the table)
	@bench/audit/run.sh $(ARGS)

lint: ## clang-format, clang-tidy, shellcheck, SQL style
	@bash tests/tools/lint.sh

format: ## rewrite the C++ sources with clang-format
	@bash tests/tools/lint.sh --fix

dist: ## make the source archive for PGXN in dist/
	@sh packaging/dist.sh

deb: ## make Debian packages for this system's PostgreSQL in dist/
	@sh packaging/deb.sh

check-deb: ## install, use and purge the Debian packages in a clean root (needs root)
	@bash tests/tools/check_deb.sh

check-dist: ## install the source archive with pgxnclient into a private server
	@bash tests/tools/check_dist.sh

.PHONY: bench-text
bench-text: ## the text codec against strtof and the server (ARGS=--write keeps the table)
	@bench/text/run.sh $(ARGS)

.PHONY: bench-graph
bench-graph: ## graphs built in memory beside hnswlib's (ARGS=--write keeps the table; SETS)
	@bench/graph/run.sh $(ARGS)

.PHONY: bench-hnsw
bench-hnsw: ## hnsw against pgvector, hnswlib and faiss (docs/hnsw_bench.md; SETS, SIDES, FIGURES)
	@bench/hnsw/run.sh

.PHONY: bench-hnsw-memory
bench-hnsw-memory: ## builds of hnsw in control groups that hold a half or a quarter of the graph (needs root; WRITE=1 keeps the table)
	@bench/hnsw/tight.sh

.PHONY: asof-oracle
asof-oracle: ## compare every as-of strategy with the ordinary plan on 200 random data sets
	@tests/tools/asof_oracle.sh
.PHONY: bench-features-online
bench-features-online: ## online reads of features against a bare select by primary key (ARGS=--write keeps the table)
	@bench/features/online.sh $(ARGS)

.PHONY: bench-asof
bench-asof: ## the as-of join against LATERAL, Feast's SQL and DuckDB (WRITE=1 keeps the tables)
	@bench/features/run.sh
.PHONY: soak-features
soak-features: ## eight writers push out of order for five minutes while datasets are made and made again
	@QUIVER_SOAK_SECONDS=300 tests/recovery/run.sh features

.PHONY: soak-audit
soak-audit: ## twenty machines that lose power while events are durable: none is missing
	@POWER_ROUNDS=20 tests/audit/run.sh power

.PHONY: soak
soak: ## the reliability tests of hnsw at length: 52 kills, 20 replica rounds, 240 damages, ten minutes of sessions
	@CRASH_ROUNDS=52 REPLICA_ROUNDS=20 DAMAGE_TRIALS=240 DENSE_ROUNDS=20 DENSE_TRIALS=100 CANCEL_ROUNDS=40 SESSIONS_SECONDS=600 \
		tests/recovery/run.sh hnsw_crash hnsw_replica hnsw_damage hnsw_dense hnsw_cancel hnsw_sessions
.PHONY: example-flights
example-flights: ## the worked example of docs/flights.md: 3,000,000 flights from npm, the delays before each departure
	@bench/features/flights.sh
